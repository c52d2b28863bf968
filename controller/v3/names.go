package v3

import (
	"cmp"
	"strings"
	"time"
	"unicode"
)

// maxNameLength is that of a name, in bytes.
const maxNameLength = 255

// checkName says what cannot be the name of something.
func checkName(what, name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return unprocessable("Name can't be blank")
	case len(name) > maxNameLength:
		return unprocessable("Name is too long (maximum is %d characters)", maxNameLength)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return unprocessable("%s name must not contain control characters", what)
	}
	return nil
}

// sameName reports whether two names are one: as in Cloud Foundry, case does not count.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}

func now() time.Time { return time.Now().UTC() }

// epoch is since when there is what has always been there: the evening of the tutorial.
func epoch() time.Time { return time.Date(2012, time.November, 13, 22, 12, 0, 0, time.UTC) }
