/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rules.h"

#include <string.h>

#include "core/address.h"
#include "core/status.h"

#define TEXT_MAX  (1024 * 1024)
#define RULES_MAX 20000
#define WORDS_MAX 64

typedef enum {
	RULE_DEFAULT,
	RULE_FLOOR,
	RULE_SIGNING,
	RULE_ALL_OR_NOTHING,
	RULE_GRANT,
	RULE_EXPECT,
} RuleKind;

typedef struct {
	RuleKind kind;
	WaxFloor floor;
	char *from, *to;   /* NULL: everybody */
	GPtrArray *except; /* char *: patterns of recipients it does not hold for; NULL: none */
	char *origin;	   /* "policy:3" */
	char *text;	   /* the line as written */
} Rule;

struct WaxPolicy {
	gatomicrefcount refs;
	GPtrArray *rules;
};

/* one line, cut into words */
typedef struct {
	const char *name;
	unsigned line;
	char *words[WORDS_MAX];
	unsigned columns[WORDS_MAX];
	unsigned count, at;
	unsigned end; /* the column after the last word */
} Line;

static const char *const rule_words[] = { "default", "floor", "signing", "all-or-nothing", "grant",
	"expect", NULL };
static const char *const floor_words[] = { "none", "sign", "try-encrypt", "must-encrypt",
	"must-smime", NULL };
static const char *const duty_words[] = { "if-possible", "required", NULL };

static void free_rule(void *data)
{
	Rule *rule = data;

	g_free(rule->from);
	g_free(rule->to);
	g_clear_pointer(&rule->except, g_ptr_array_unref);
	g_free(rule->origin);
	g_free(rule->text);
	g_free(rule);
}

/* distance - edits between two short words */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32], n = (unsigned)strlen(b);

	if (strlen(a) > 30 || n > 30)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned up = row[j];
			unsigned best = MIN(up, row[j - 1]) + 1;

			row[j] = MIN(best, corner + (a[i - 1] != b[j - 1]));
			corner = up;
		}
	}
	return row[n];
}

static const char *nearest(const char *word, const char *const *known)
{
	const char *best = NULL;
	unsigned least = 4;

	for (; *known; known++)
		if (distance(word, *known) < least) {
			least = distance(word, *known);
			best = *known;
		}
	return best;
}

static bool complain(
	const Line *line, const char *expected, const char *const *known, GError **error)
{
	bool more = line->at < line->count;
	const char *found = more ? line->words[line->at] : NULL;
	const char *hint = found && known ? nearest(found, known) : NULL;

	return wax_fail(error, WAX_R_POLICY_SYNTAX, "%s:%u:%u: expected %s, found %s%s%s%s%s%s",
		line->name, line->line, more ? line->columns[line->at] : line->end, expected,
		found ? "'" : "the end of the line", found ? found : "", found ? "'" : "",
		hint ? "; did you mean '" : "", hint ? hint : "", hint ? "'?" : "");
}

static bool cut(Line *line, char *text, GError **error)
{
	char *p = text;

	line->end = 1;
	while (*p && *p != '#') {
		if (*p == ' ' || *p == '\t' || *p == '\r') {
			*p++ = '\0';
			continue;
		}
		if (line->count == WORDS_MAX) {
			line->at = WORDS_MAX;
			line->end = (unsigned)(p - text) + 1;
			return wax_fail(error, WAX_R_POLICY_SYNTAX,
				"%s:%u:%u: expected the end of the line, found more words",
				line->name, line->line, line->end);
		}
		line->columns[line->count] = (unsigned)(p - text) + 1;
		line->words[line->count++] = p;
		p += strcspn(p, " \t\r#");
		line->end = (unsigned)(p - text) + 1;
	}
	*p = '\0';
	return true;
}

static bool take_word(Line *line, const char *word)
{
	if (line->at >= line->count || strcmp(line->words[line->at], word) != 0)
		return false;
	line->at++;
	return true;
}

static bool take_floor(Line *line, WaxFloor *ret_floor, GError **error)
{
	WaxFloor floor = line->at < line->count ? wax_floor_by_name(line->words[line->at])
						: WAX_FLOOR_UNDECIDED;

	if (floor == WAX_FLOOR_UNDECIDED)
		return complain(line, "a floor (none, sign, try-encrypt, must-encrypt, must-smime)",
			floor_words, error);
	line->at++;
	*ret_floor = floor;
	return true;
}

/* one_address - a mailbox may hold '*', but here that would be a pattern that matches nothing */
static char *one_address(const char *text)
{
	return strchr(text, '*') ? NULL : wax_address_normal(text, NULL);
}

/* pattern_normal - NULL when it is none */
static char *pattern_normal(const char *text)
{
	g_autofree char *domain = NULL;
	bool below = g_str_has_prefix(text, "*@*.");

	if (strcmp(text, "*") == 0)
		return g_strdup("*");
	if (strncmp(text, "*@", 2) != 0)
		return one_address(text);
	domain = wax_domain_normal(text + (below ? 4 : 2), NULL);
	return domain ? g_strconcat(below ? "*@*." : "*@", domain, NULL) : NULL;
}

static bool take_pattern(Line *line, char **ret_pattern, GError **error)
{
	char *pattern = line->at < line->count ? pattern_normal(line->words[line->at]) : NULL;

	if (!pattern)
		return complain(line, "*, *@domain, *@*.domain or an address", NULL, error);
	line->at++;
	*ret_pattern = pattern;
	return true;
}

static bool take_address(Line *line, const char *word, char **ret_address, GError **error)
{
	g_autofree char *expected = g_strdup_printf("'%s' and an address", word);
	const char *known[] = { word, NULL };
	char *address;

	if (!take_word(line, word))
		return complain(line, expected, known, error);
	address = line->at < line->count ? one_address(line->words[line->at]) : NULL;
	if (!address)
		return complain(line, "an address", NULL, error);
	line->at++;
	*ret_address = address;
	return true;
}

static bool take_end(Line *line, const char *expected, const char *const *known, GError **error)
{
	return line->at == line->count || complain(line, expected, known, error);
}

/* take_senders - [from PATTERN] */
static bool take_senders(Line *line, Rule *rule, GError **error)
{
	static const char *const from[] = { "from", NULL };

	if (take_word(line, "from") && !take_pattern(line, &rule->from, error))
		return false;
	return take_end(line, rule->from ? "the end of the line" : "'from'", from, error);
}

/* take_exceptions - [except PATTERN...], to the end of the line */
static bool take_exceptions(Line *line, Rule *rule, GError **error)
{
	if (!take_word(line, "except"))
		return true;
	rule->except = g_ptr_array_new_with_free_func(g_free);
	do {
		char *pattern = NULL;

		if (!take_pattern(line, &pattern, error))
			return false;
		g_ptr_array_add(rule->except, pattern);
	} while (line->at < line->count);
	return true;
}

/* take_range - [from PATTERN] [to PATTERN] [except PATTERN...] */
static bool take_range(Line *line, Rule *rule, GError **error)
{
	static const char *const words[] = { "from", "to", "except", NULL };

	if (take_word(line, "from") && !take_pattern(line, &rule->from, error))
		return false;
	if (take_word(line, "to") && !take_pattern(line, &rule->to, error))
		return false;
	if (!take_exceptions(line, rule, error))
		return false;
	return take_end(line,
		rule->to     ? "'except' or the end of the line"
		: rule->from ? "'to' or 'except'"
			     : "'from', 'to' or 'except'",
		words, error);
}

static bool parse_default(Line *line, Rule *rule, GError **error)
{
	return take_floor(line, &rule->floor, error) &&
	       take_end(line, "the end of the line", NULL, error);
}

static bool parse_floor(Line *line, Rule *rule, GError **error)
{
	return take_floor(line, &rule->floor, error) && take_range(line, rule, error);
}

static bool parse_signing(Line *line, Rule *rule, GError **error)
{
	if (take_word(line, "required"))
		rule->floor = WAX_FLOOR_SIGN;
	else if (!take_word(line, "if-possible"))
		return complain(line, "'if-possible' or 'required'", duty_words, error);
	return take_senders(line, rule, error);
}

static bool parse_all_or_nothing(Line *line, Rule *rule, GError **error)
{
	return take_senders(line, rule, error);
}

static bool parse_grant(Line *line, Rule *rule, GError **error)
{
	static const char *const words[] = { "lower", NULL };
	static const char *const next[] = { "from", "none", "sign", "try-encrypt", "must-encrypt",
		NULL };

	if (!take_word(line, "lower"))
		return complain(line, "'lower'", words, error);
	rule->floor = WAX_FLOOR_NONE;
	if (line->at < line->count && wax_floor_by_name(line->words[line->at]) &&
		!take_floor(line, &rule->floor, error))
		return false;
	if (!take_word(line, "from"))
		return complain(line, "'from' and a pattern", next, error);
	return take_pattern(line, &rule->from, error) &&
	       take_end(line, "the end of the line", NULL, error);
}

static bool parse_expect(Line *line, Rule *rule, GError **error)
{
	return take_floor(line, &rule->floor, error) &&
	       take_address(line, "from", &rule->from, error) &&
	       take_address(line, "to", &rule->to, error) &&
	       take_end(line, "the end of the line", NULL, error);
}

static const struct {
	RuleKind kind;
	bool (*parse)(Line *line, Rule *rule, GError **error);
} kinds[] = {
	/* in the order of rule_words */
	{ RULE_DEFAULT, parse_default },
	{ RULE_FLOOR, parse_floor },
	{ RULE_SIGNING, parse_signing },
	{ RULE_ALL_OR_NOTHING, parse_all_or_nothing },
	{ RULE_GRANT, parse_grant },
	{ RULE_EXPECT, parse_expect },
};

static bool parse_rule(WaxPolicy *policy, Line *line, const char *text, GError **error)
{
	Rule *rule;

	for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++) {
		if (!take_word(line, rule_words[k]))
			continue;
		rule = g_new0(Rule, 1);
		rule->kind = kinds[k].kind;
		rule->origin = g_strdup_printf("%s:%u", line->name, line->line);
		rule->text = g_strstrip(g_strndup(text, strcspn(text, "#")));
		g_ptr_array_add(policy->rules, rule);
		return kinds[k].parse(line, rule, error);
	}
	return complain(line, "default, floor, signing, all-or-nothing, grant or expect",
		rule_words, error);
}

/* check_default - one default at most, since two would hide one another */
static bool check_default(const WaxPolicy *policy, const Line *line, GError **error)
{
	const Rule *last = policy->rules->pdata[policy->rules->len - 1];

	if (last->kind != RULE_DEFAULT)
		return true;
	for (guint i = 0; i + 1 < policy->rules->len; i++) {
		const Rule *rule = policy->rules->pdata[i];

		if (rule->kind == RULE_DEFAULT)
			return wax_fail(error, WAX_R_POLICY_SYNTAX,
				"%s:%u:1: a second default; the first is at %s", line->name,
				line->line, rule->origin);
	}
	return true;
}

static bool parse_line(
	WaxPolicy *policy, const char *name, unsigned number, const char *text, GError **error)
{
	g_autofree char *copy = g_strdup(text);
	Line line = { .name = name, .line = number };

	if (!cut(&line, copy, error))
		return false;
	if (line.count == 0)
		return true;
	/* cut() ends each word in place, but a word and its comment may touch */
	return parse_rule(policy, &line, text, error) && check_default(policy, &line, error);
}

static bool parse_all(WaxPolicy *policy, const char *text, const char *name, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		if (policy->rules->len >= RULES_MAX)
			return wax_fail(error, WAX_R_POLICY_SYNTAX, "%s:%u:1: more than %d rules",
				name, i + 1, RULES_MAX);
		if (!parse_line(policy, name, i + 1, lines[i], error))
			return false;
	}
	return true;
}

WaxPolicy *wax_policy_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(WaxPolicy) policy = g_new0(WaxPolicy, 1);

	g_atomic_ref_count_init(&policy->refs);
	policy->rules = g_ptr_array_new_with_free_func(free_rule);
	if (strlen(text) > TEXT_MAX) {
		wax_set_error(error, WAX_R_POLICY_SYNTAX, "%s:1:1: more than %d octets of policy",
			name, TEXT_MAX);
		return NULL;
	}
	if (!g_utf8_validate(text, -1, NULL)) {
		wax_set_error(error, WAX_R_POLICY_SYNTAX, "%s:1:1: this is no text in UTF-8", name);
		return NULL;
	}
	if (!parse_all(policy, text, name, error))
		return NULL;
	return g_steal_pointer(&policy);
}

WaxPolicy *wax_policy_ref(WaxPolicy *policy)
{
	g_atomic_ref_count_inc(&policy->refs);
	return policy;
}

void wax_policy_unref(WaxPolicy *policy)
{
	if (!policy || !g_atomic_ref_count_dec(&policy->refs))
		return;
	g_ptr_array_unref(policy->rules);
	g_free(policy);
}

static bool matches(const char *pattern, const char *address)
{
	const char *at = strrchr(address, '@');

	if (!pattern || strcmp(pattern, "*") == 0)
		return true;
	if (strncmp(pattern, "*@", 2) != 0)
		return strcmp(pattern, address) == 0;
	if (!at)
		return false;
	if (strncmp(pattern, "*@*.", 4) == 0)
		return g_str_has_suffix(at + 1, pattern + 3);
	return strcmp(pattern + 2, at + 1) == 0;
}

static bool is_excepted(const Rule *rule, const char *recipient)
{
	for (guint i = 0; rule->except && i < rule->except->len; i++)
		if (matches(rule->except->pdata[i], recipient))
			return true;
	return false;
}

static void note(WaxPlanRecipient *notes, const char *input, const Rule *rule)
{
	if (notes)
		wax_plan_note(notes, input, rule->origin, "%s", rule->text);
}

static WaxFloor default_floor(const WaxPolicy *policy, WaxPlanRecipient *notes)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const Rule *rule = policy->rules->pdata[i];

		if (rule->kind != RULE_DEFAULT)
			continue;
		note(notes, "default", rule);
		return rule->floor;
	}
	if (notes)
		wax_plan_note(notes, "default", "factory", "default try-encrypt");
	return WAX_FLOOR_TRY_ENCRYPT;
}

WaxFloor wax_policy_floor(
	const WaxPolicy *policy, const char *sender, const char *recipient, WaxPlanRecipient *notes)
{
	WaxFloor floor = default_floor(policy, notes);

	for (guint i = 0; i < policy->rules->len; i++) {
		const Rule *rule = policy->rules->pdata[i];

		if (rule->kind != RULE_FLOOR || !matches(rule->from, sender) ||
			!matches(rule->to, recipient) || is_excepted(rule, recipient))
			continue;
		note(notes, "rule", rule);
		floor = MAX(floor, rule->floor);
	}
	return floor;
}

static const Rule *sender_rule(
	const WaxPolicy *policy, RuleKind kind, const char *sender, WaxFloor at_least)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const Rule *rule = policy->rules->pdata[i];

		if (rule->kind == kind && rule->floor >= at_least && matches(rule->from, sender))
			return rule;
	}
	return NULL;
}

static bool tell(const Rule *rule, const char **ret_origin)
{
	if (ret_origin)
		*ret_origin = rule ? rule->origin : "factory";
	return rule != NULL;
}

bool wax_policy_signing_required(
	const WaxPolicy *policy, const char *sender, const char **ret_origin)
{
	return tell(sender_rule(policy, RULE_SIGNING, sender, WAX_FLOOR_SIGN), ret_origin);
}

bool wax_policy_all_or_nothing(const WaxPolicy *policy, const char *sender, const char **ret_origin)
{
	return tell(
		sender_rule(policy, RULE_ALL_OR_NOTHING, sender, WAX_FLOOR_UNDECIDED), ret_origin);
}

WaxFloor wax_policy_may_lower(const WaxPolicy *policy, const char *sender, const char **ret_origin)
{
	const Rule *rule = sender_rule(policy, RULE_GRANT, sender, WAX_FLOOR_UNDECIDED);

	return tell(rule, ret_origin) ? rule->floor : WAX_FLOOR_UNDECIDED;
}

bool wax_policy_test(const WaxPolicy *policy, unsigned *ret_count, GError **error)
{
	unsigned count = 0;
	bool good = true;

	for (guint i = 0; i < policy->rules->len; i++) {
		const Rule *rule = policy->rules->pdata[i];
		WaxFloor got;

		if (rule->kind != RULE_EXPECT)
			continue;
		count++;
		got = wax_policy_floor(policy, rule->from, rule->to, NULL);
		if (good && got != rule->floor)
			good = wax_fail(error, WAX_R_POLICY_TEST_FAILED,
				"%s: expected %s from %s to %s, but the rules give %s",
				rule->origin, wax_floor_name(rule->floor), rule->from, rule->to,
				wax_floor_name(got));
	}
	if (ret_count)
		*ret_count = count;
	return good;
}
