package wire

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/minicf/minicf/conform/suite"
)

// Kind is what a key of an object must hold.
type Kind struct {
	name string
	fits func(any) bool
}

// Field is a key that an object must have.
type Field struct {
	Key  string
	Kind Kind
}

// Shape is the form of an object: the keys that it must have. More keys are never wrong.
type Shape []Field

// Check returns a *suite.Mismatch that names every key that is missing or holds the wrong thing; what says which object it is.
func (s Shape) Check(what string, o Object) error {
	var wrong []string
	for _, f := range s {
		v, has := o[f.Key]
		switch {
		case !has:
			wrong = append(wrong, f.Key+" is missing")
		case !f.Kind.fits(v):
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %s", f.Key, Show(v), f.Kind.name))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &suite.Mismatch{Why: what + ": " + strings.Join(wrong, "; "), Expected: s.String(), Seen: o.String()}
}

// String describes the shape, a key a line.
func (s Shape) String() string {
	var b strings.Builder
	for _, f := range s {
		fmt.Fprintf(&b, "%s: %s\n", f.Key, f.Kind.name)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Text is a string that is not empty.
func Text() Kind {
	return Kind{"text", func(v any) bool { s, ok := v.(string); return ok && s != "" }}
}

// Matching is a string that a pattern finds.
func Matching(name, pattern string) Kind {
	expr := regexp.MustCompile(pattern)
	return Kind{name, func(v any) bool { s, ok := v.(string); return ok && expr.MatchString(s) }}
}

// Hex is a string of n lower-case hex digits, as all ids are.
func Hex(n int) Kind {
	return Matching(fmt.Sprintf("%d hex digits", n), fmt.Sprintf("^[0-9a-f]{%d}$", n))
}

// Int is a JSON number without a fraction.
func Int() Kind { return Kind{"an integer", isInt} }

// Number is a JSON number.
func Number() Kind {
	return Kind{"a number", func(v any) bool { _, ok := v.(json.Number); return ok }}
}

// Bool is true or false.
func Bool() Kind { return Kind{"true or false", func(v any) bool { _, ok := v.(bool); return ok }} }

// Null is null, the key being there.
func Null() Kind { return Kind{"null", func(v any) bool { return v == nil }} }

// Texts is a list of strings.
func Texts() Kind {
	return Kind{"a list of texts", func(v any) bool { _, ok := Object{"": v}.Texts(""); return ok }}
}

// OrNull is a kind or null, the key being there.
func OrNull(k Kind) Kind {
	return Kind{k.name + " or null", func(v any) bool { return v == nil || k.fits(v) }}
}

// Is is exactly a value. Integers are given as int, lists of strings as []string, objects as Object.
func Is(want any) Kind {
	return Kind{Show(want), func(v any) bool { return Same(v, want) }}
}

// Each is a list of objects, each of a shape.
func Each(s Shape) Kind {
	return Kind{"a list of objects with " + strings.ReplaceAll(s.String(), "\n", ", "), func(v any) bool {
		all, ok := Object{"": v}.Objects("")
		return ok && !slices.ContainsFunc(all, func(o Object) bool { return s.Check("", o) != nil })
	}}
}

// Of is an object of a shape.
func Of(s Shape) Kind {
	return Kind{"an object with " + strings.ReplaceAll(s.String(), "\n", ", "), func(v any) bool {
		m, ok := v.(map[string]any)
		return ok && s.Check("", m) == nil
	}}
}

// Same compares values as JSON, whatever Go types they come in.
func Same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func isInt(v any) bool {
	_, ok := Object{"": v}.Int("")
	return ok
}
