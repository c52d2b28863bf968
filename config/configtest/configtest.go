// Package configtest checks that a component and its shipped file say the same.
//
// In goes the component's own idea of its defaults; out come test failures for every way in which the file under config/ disagrees:
// a value that differs, a key that the file does not mention, an example in a comment that would not load. Each component's tests call it
// once. In 2012 the example file of the DEA showed a runtimes section that the DEA refused to start with.
package configtest

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minicf/minicf/config"
)

// CheckShipped checks the built-in file of a component ("stager") against the component's configuration type T and its default
// values, which must be valid.
func CheckShipped[T any](tb testing.TB, component string, want T) {
	tb.Helper()
	got, values, err := config.Load[T](component, config.Options{})
	if err != nil {
		tb.Fatalf("load the shipped file: %v", err)
	}
	// The zero Options look at no other file and no environment, so what was loaded is the file alone.
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	if diff := cmp.Diff(want, got, everything); diff != "" {
		tb.Errorf("the defaults of the code (-) and of config/%s.yml (+) differ:\n%s", component, diff)
	}
	if v, ok := any(&want).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			tb.Errorf("the defaults of the code are not valid: %v", err)
		}
	}
	text := string(config.File(component + ".yml"))
	for _, v := range values {
		if !mentions(text, v.Key) {
			tb.Errorf("config/%s.yml does not mention %s, not even in a comment", component, v.Key)
		}
	}
	if _, err := config.Parse[T](component+".yml with its examples", []byte(withExamples(text))); err != nil {
		tb.Errorf("an example in a comment of config/%s.yml would not load: %v", component, err)
	}
}

// mentions reports whether a file has a line for the key, be it in a comment.
func mentions(text, key string) bool {
	last := key[strings.LastIndexByte(key, '.')+1:]
	found := regexp.MustCompile(`(?m)^[\s#]*(?:.*[{,]\s*)?` + regexp.QuoteMeta(last) + `:`)
	return found.MatchString(text)
}

// example is a key in a comment: `# index: 0`. Sentences begin with a capital or have no colon after their first word.
var example = regexp.MustCompile(`(?m)^(\s*)# ([a-z0-9_]+: \S)`)

// withExamples returns a file with the keys in its comments put in force.
func withExamples(text string) string { return example.ReplaceAllString(text, "$1$2") }
