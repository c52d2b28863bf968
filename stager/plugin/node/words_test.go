package node

import (
	"encoding/json"
	"os/exec"
	"slices"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

// commands are start commands with all that a shell knows, each once.
func commands() []string {
	return []string{
		"app.js", "./bin/app.coffee World", "  a \t b  ", "", `'a b' c`, `"a b"c`, `a\ b`, `"a\"b\$c\d"`, `a'b'"c"d`, "'' x", `""`,
		"été.js --port $PORT", `$(id) a;b|c&d`, "a+b@c,d:e=f", "tail\\", "*.js ~ {a,b} #c", "'multi\nline'",
	}
}

func TestWordsAreThoseOfRubysShellwords(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	const program = `require "shellwords"; require "json"
puts JSON.generate(JSON.parse(ARGV[0]).map { |c| w = Shellwords.split(c); [w, Shellwords.join(w)] })`
	input, err := json.Marshal(commands())
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ruby", "-EUTF-8", "-e", program, string(input)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all [][2]any
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	for i, command := range commands() {
		var want []string
		for _, w := range all[i][0].([]any) {
			want = append(want, w.(string))
		}
		got, err := splitWords(command)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is split into %q, %v, want %q", command, got, err, want)
		}
		if joined := joinWords(got); joined != all[i][1] {
			t.Errorf("%q is joined to %q, want %q", got, joined, all[i][1])
		}
	}
}

func TestUnmatchedQuotesAreNoCommand(t *testing.T) {
	t.Parallel()
	for _, command := range []string{`a 'b`, `"a\"`, `a b"`} {
		if words, err := splitWords(command); err == nil {
			t.Errorf("%q is split into %q, want an error", command, words)
		}
	}
}
