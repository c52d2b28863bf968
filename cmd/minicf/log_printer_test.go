package main

import (
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
)

func TestLogLinesAreColouredByInstanceOnATerminalOnly(t *testing.T) {
	t.Parallel()
	a := protocol.FoundInstance{Droplet: "hello", Index: 0, Instance: "a"}
	b := protocol.FoundInstance{Droplet: "hello", Index: 10, Instance: "b"}
	var out strings.Builder
	p := newLogPrinter(&session{terminal: &terminal{out: &out, getenv: func(string) string { return "" }}}, []protocol.FoundInstance{a, b})
	both := func() string {
		t.Helper()
		out.Reset()
		for _, in := range []protocol.FoundInstance{a, b} {
			if err := p.line(in, "stderr", "oh no"); err != nil {
				t.Fatal(err)
			}
		}
		return out.String()
	}
	if got, want := both(), "hello/0  stderr | oh no\nhello/10 stderr | oh no\n"; got != want {
		t.Errorf("in a pipe: %q, want %q", got, want)
	}
	p.colored = true
	if got, want := both(), "\x1b[36mhello/0  stderr |\x1b[0m oh no\n\x1b[33mhello/10 stderr |\x1b[0m oh no\n"; got != want {
		t.Errorf("on a terminal: %q, want %q", got, want)
	}
}
