package v3

import (
	"slices"
	"strings"
)

// selector is a label_selector: requirements that all must hold.
type selector []func(labels map[string]string) bool

// fits reports whether labels meet all requirements.
func (s selector) fits(labels map[string]string) bool {
	return !slices.ContainsFunc(s, func(holds func(map[string]string) bool) bool { return !holds(labels) })
}

// parseSelector reads requirements as Kubernetes writes them: key, !key, key=value, key==value, key!=value, key in (a,b), key notin (a,b).
func parseSelector(text string) (selector, error) {
	var all selector
	for _, part := range splitOutside(text) {
		holds, ok := requirement(strings.TrimSpace(part))
		if !ok {
			return nil, badQuery("Invalid label_selector value: '%s'", part)
		}
		all = append(all, holds)
	}
	return all, nil
}

// splitOutside splits at commas that are not in parentheses.
func splitOutside(text string) []string {
	if text == "" {
		return nil
	}
	depth := 0
	return strings.FieldsFunc(text, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ',' && depth == 0
	})
}

func requirement(text string) (func(map[string]string) bool, bool) {
	if key, set, ok := cutSet(text, " notin "); ok {
		return func(l map[string]string) bool { v, has := l[key]; return !has || !slices.Contains(set, v) }, true
	}
	if key, set, ok := cutSet(text, " in "); ok {
		return func(l map[string]string) bool { v, has := l[key]; return has && slices.Contains(set, v) }, true
	}
	if key, value, ok := strings.Cut(text, "!="); ok {
		return func(l map[string]string) bool { v, has := l[key]; return !has || v != value }, plainKey(key)
	}
	if key, value, ok := strings.Cut(text, "="); ok {
		value = strings.TrimPrefix(value, "=")
		return func(l map[string]string) bool { v, has := l[key]; return has && v == value }, plainKey(key)
	}
	if key, ok := strings.CutPrefix(text, "!"); ok {
		return func(l map[string]string) bool { _, has := l[key]; return !has }, plainKey(key)
	}
	return func(l map[string]string) bool { _, has := l[text]; return has }, plainKey(text)
}

// cutSet takes "key in (a, b)" apart.
func cutSet(text, op string) (key string, set []string, ok bool) {
	key, rest, ok := strings.Cut(text, op)
	rest = strings.TrimSpace(rest)
	if !ok || !plainKey(key) || !strings.HasPrefix(rest, "(") || !strings.HasSuffix(rest, ")") {
		return "", nil, false
	}
	for v := range strings.SplitSeq(rest[1:len(rest)-1], ",") {
		set = append(set, strings.TrimSpace(v))
	}
	return key, set, true
}

// plainKey reports whether a text could be the name of a label.
func plainKey(key string) bool { return key != "" && !strings.ContainsAny(key, " ()=!,") }
