package protocol

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SchemaError says what is wrong with a message, in Membrane's words.
type SchemaError struct {
	Problem string // "{ key => Missing key }"
}

func (e *SchemaError) Error() string { return e.Problem }

// schema checks one decoded JSON value; the answer is empty when all is well.
type schema interface {
	check(v any) string
}

// class wants a value of a Ruby class: String, Integer or Hash.
type class string

func (c class) check(v any) string {
	got := classOf(v)
	if got == string(c) {
		return ""
	}
	// Membrane says "an instance" for scalars and just "instance" for a Hash or an Array.
	if c == "Hash" {
		return "Expected instance of Hash, given instance of " + got
	}
	return fmt.Sprintf("Expected instance of %s, given an instance of %s", string(c), got)
}

type anything struct{}

func (anything) check(any) string { return "" }

// list wants an Array whose elements all fit.
type list struct{ of schema }

func (l list) check(v any) string {
	elements, ok := v.([]any)
	if !ok {
		return "Expected instance of Array, given instance of " + classOf(v)
	}
	var problems []string
	for i, e := range elements {
		if p := l.of.check(e); p != "" {
			problems = append(problems, fmt.Sprintf("At index %d: %s", i, p))
		}
	}
	return strings.Join(problems, ", ")
}

// record wants a Hash with these keys; others are allowed.
type record []field

type field struct {
	key      string
	is       schema
	optional bool
}

func (r record) check(v any) string {
	hash, ok := v.(map[string]any)
	if !ok {
		return "Expected instance of Hash, given instance of " + classOf(v)
	}
	var problems []string
	for _, f := range r {
		value, present := hash[f.key]
		switch {
		case !present && !f.optional:
			problems = append(problems, f.key+" => Missing key")
		case present && !(f.optional && value == nil):
			if p := f.is.check(value); p != "" {
				problems = append(problems, f.key+" => "+p)
			}
		}
	}
	if len(problems) == 0 {
		return ""
	}
	return "{ " + strings.Join(problems, ", ") + " }"
}

// classOf names the Ruby class that a JSON value had. An integral float counts as an Integer: the originals refused
// 256.0, which helped nobody.
func classOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "NilClass"
	case string:
		return "String"
	case bool:
		if v {
			return "TrueClass"
		}
		return "FalseClass"
	case json.Number:
		if _, err := integer(v); err != nil {
			return "Float"
		}
		return "Integer"
	case []any:
		return "Array"
	default:
		return "Hash"
	}
}

func integer(n json.Number) (int64, error) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("want an integer, got %s", n)
	}
	return int64(f), nil
}
