/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t wax_clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t wax_clock_micros(void)
{
	return g_get_real_time();
}

int64_t wax_clock_monotonic(void)
{
	return g_get_monotonic_time() / 1000;
}

bool wax_clock_from_civil(
	int year, int month, int day, int hour, int minute, int second, int64_t *ret_seconds)
{
	g_autoptr(GDateTime) date = NULL;

	if (year < 1 || year > 9999)
		return false;
	/* GDateTime has no leap second; RFC 5322 allows 60 */
	date = g_date_time_new_utc(year, month, day, hour, minute, second == 60 ? 59 : second);
	if (!date)
		return false;
	*ret_seconds = g_date_time_to_unix(date);
	return true;
}

char *wax_clock_rfc3339(int64_t seconds)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);

	return date ? g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("");
}

bool wax_clock_from_rfc3339(const char *text, int64_t *ret_seconds)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) date = NULL;

	if (strlen(text) < 10 || text[4] != '-' || text[7] != '-')
		return false;
	if (strlen(text) == 10) {
		g_autofree char *whole = g_strconcat(text, "T00:00:00Z", NULL);

		date = g_date_time_new_from_iso8601(whole, utc);
	} else {
		date = g_date_time_new_from_iso8601(text, utc);
	}
	if (!date)
		return false;
	*ret_seconds = g_date_time_to_unix(date);
	return true;
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };
static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

char *wax_clock_rfc5322(int64_t seconds)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);

	if (!date)
		return g_strdup("");
	return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d +0000",
		days[g_date_time_get_day_of_week(date) - 1], g_date_time_get_day_of_month(date),
		months[g_date_time_get_month(date) - 1], g_date_time_get_year(date),
		g_date_time_get_hour(date), g_date_time_get_minute(date),
		g_date_time_get_second(date));
}

static int month_of(const char *name)
{
	for (int i = 0; i < 12; i++)
		if (g_ascii_strcasecmp(name, months[i]) == 0)
			return i + 1;
	return 0;
}

bool wax_clock_from_rfc5322(const char *text, int64_t *ret_seconds)
{
	const char *comma = strchr(text, ',');
	char month[4] = "", zone[6] = "";
	int day, year, hour, minute, second = 0, offset = 0, fields;
	int64_t seconds;

	if (comma)
		text = comma + 1;
	fields = sscanf(text, " %2d %3s %4d %2d:%2d:%2d %5s", &day, month, &year, &hour, &minute,
		&second, zone);
	if (fields < 6) {
		second = 0;
		if (sscanf(text, " %2d %3s %4d %2d:%2d %5s", &day, month, &year, &hour, &minute,
			    zone) < 5)
			return false;
	}
	if (year < 50)
		year += 2000;
	else if (year < 1000)
		year += 1900;
	if (!wax_clock_from_civil(year, month_of(month), day, hour, minute, second, &seconds))
		return false;
	if (zone[0] == '+' || zone[0] == '-') {
		int digits = (int)g_ascii_strtoll(zone + 1, NULL, 10);

		offset = (digits / 100 * 60 + digits % 100) * 60;
		if (zone[0] == '-')
			offset = -offset;
	}
	*ret_seconds = seconds - offset;
	return true;
}
