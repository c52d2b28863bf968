package runtimes

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

func TestSplitWordsAsAShellDoes(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"":                              nil,
		"  \t\n ":                       nil,
		"-v":                            {"-v"},
		"-e 'puts RUBY_VERSION'":        {"-e", "puts RUBY_VERSION"},
		`-e "puts \"1\""`:               {"-e", `puts "1"`},
		`a\ b c\\d`:                     {"a b", `c\d`},
		`"a\nb" 'c\nd'`:                 {`a\nb`, `c\nd`},
		`x''y "" z`:                     {"xy", "", "z"},
		`--flag='a b'"c d"`:             {"--flag=a bc d"},
		"a\\\nb":                        {"ab"},
		"\"a\\\nb\"":                    {"ab"},
		"'a\nb'":                        {"a\nb"},
		"é 'ü'":                         {"é", "ü"},
		`$HOME *.rb ~ ; rm -rf / > x &`: {"$HOME", "*.rb", "~", ";", "rm", "-rf", "/", ">", "x", "&"},
		"`id` $(id)":                    {"`id`", "$(id)"},
		`"\$HOME"`:                      {"$HOME"},
	} {
		got, err := SplitWords(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("SplitWords(%q) = %q, %v, want %q", line, got, err, want)
		}
	}
}

func TestSplitWordsRefusesWhatIsNotFinished(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"'a": "' is not closed", `a "b`: `" is not closed`, `a\`: "at the end", "a\x00b": "NUL", `"a\`: `" is not closed`,
	} {
		if got, err := SplitWords(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("SplitWords(%q) = %q, %v, want %q", line, got, err, want)
		}
	}
}

// FuzzSplitWords compares with a real shell, for lines in which nothing can be expanded or is an operator.
func FuzzSplitWords(f *testing.F) {
	testkit.RequireTool(f, "sh")
	for _, seed := range []string{"-e 'puts RUBY_VERSION'", `a\ b "c\"d" ''`, "'", `\`, `"a\b\\c"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := SplitWords(line)
		if err != nil || strings.ContainsAny(line, "$`*?[]~;&|<>()#={}!\r\n\x00") || !ascii(line) {
			return
		}
		script := `printf '%s\0' ` + line
		if len(got) == 0 {
			return
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
		if want := strings.Join(got, "\x00") + "\x00"; err != nil || string(out) != want {
			t.Errorf("SplitWords(%q) = %q, but a shell says %q, %v", line, got, out, err)
		}
	})
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r < ' ' && r != '\t' })
}
