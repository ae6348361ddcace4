# Refuses an include that LAYERS does not allow, and a grant that nothing uses; silent when all is right.
# usage: cd src && awk -f ../tools/check-layers.awk ../LAYERS $(find * -name '*.[ch]')
# A room is the longest path prefix named in LAYERS: "cms", "mime/split".
function room_of(path) {
	sub(/\.[ch]$/, "", path)
	while (!(path in rooms) && sub(/\/[^\/]*$/, "", path))
		;
	return path in rooms ? path : ""
}

# a room may include itself, its sub-rooms and parents' own files, and what its line names
function may_reach(target) {
	if (target == "")
		return 0
	do
		if (target == here || granted[here, target]) {
			used[here, target] = 1
			return 1
		}
	while (sub(/\/[^\/]*$/, "", target))
	return granted[here, "*"]
}

function refuse(what) {
	printf "%s:%d: room %s may not include %s\n", FILENAME, FNR, here, what
	failed = 1
}

FNR == NR {
	if ($1 !~ /:$/)
		next
	name = substr($1, 1, length($1) - 1)
	if (name ~ /^</)
		guarded[substr(name, 2)] = 1
	else if (name ~ /^!/)
		bare[substr(name, 2)] = 1
	else
		rooms[name] = 1
	for (i = 2; i <= NF; i++)
		granted[name, $i] = 1
	next
}

FNR == 1 {
	here = room_of(FILENAME)
	if (here == "") {
		printf "%s: in no room\n", FILENAME
		failed = 1
	}
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	if (!may_reach(room_of(quoted[2])))
		refuse(quoted[2])
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	split($0, quoted, /[<>]/)
	if (bare[here]) {
		if (!granted["!" here, quoted[2]])
			refuse("<" quoted[2] ">")
		next
	}
	for (header in guarded) {
		top = here
		sub(/\/.*$/, "", top)
		if (index(quoted[2], header) == 1 && !granted["<" header, here] && !granted["<" header, top])
			refuse("<" quoted[2] ">")
	}
}

# a grant that nothing uses is a door that nobody watches
END {
	for (grant in granted) {
		split(grant, pair, SUBSEP)
		if (granted[grant] && pair[1] in rooms && pair[2] != "*" && !(grant in used)) {
			printf "LAYERS: room %s may include %s and does so nowhere\n", pair[1], pair[2]
			failed = 1
		}
	}
	exit failed
}
