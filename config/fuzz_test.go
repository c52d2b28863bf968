package config

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLoad feeds files that nobody wrote: whatever they hold, reading ends soon, without a panic, and an error has a place and is fit to print.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"stager.yml", "dea.yml", "controller.yml", "router.yml", "nats.yml", "platform.yml", "stage-sinatra.yml"} {
		f.Add(string(File(name)))
	}
	for _, text := range []string{
		defaults, "a: &a [*a]\n", "- - -", "? a\n: b", "!!binary x", "%YAML 1.1\n---\na: 1\n...\n---\n", "\uFEFFsecure: true\r\n", "secure: true\rindex: 1", "\"a\\\n", "|+\n\n",
		"index: 0x7fffffffffffffff", "queues: [[[]]]", "status: {password: [x]}", "free: {1: 2, [a]: b, ? c}", "\x00", "a: 'b\nc: d", "max_memory: 9999999999999999999%",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := Parse[stagerLike]("fuzz.yml", []byte(text))
		if err == nil {
			if cfg.MaxActiveTasks < 1 {
				t.Errorf("what Validate refuses was loaded: %+v", cfg)
			}
			return
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if e.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
			t.Errorf("error at line %d of %q", e.Line, text)
		}
		if msg := err.Error(); !utf8.ValidString(msg) || strings.ContainsAny(msg, "\x00\x1b\x07\x08") {
			t.Errorf("error is not fit to print: %q", msg)
		}
	})
}
