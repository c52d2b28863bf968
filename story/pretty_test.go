package story

import (
	"strings"
	"testing"
)

func TestPayloadsAreShownShortAndInTheirOwnOrder(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 300)
	for name, tc := range map[string]struct{ in, want string }{
		"fits on a line":          {`{"z":1,"a":[true,null]}`, `{"z": 1, "a": [true, null]}`},
		"nothing":                 {``, `(empty)`},
		"no JSON":                 {`{"cut":`, `{"cut":`},
		"plain characters":        {`"<&>"`, `"<&>"`},
		"big numbers as written":  {`9007199254740993`, `9007199254740993`},
		"keys keep their order":   {`{"first":"` + strings.Repeat("x", 60) + `","second":"` + strings.Repeat("y", 40) + `"}`, "{\n  \"first\": \"" + strings.Repeat("x", 60) + "\",\n  \"second\": \"" + strings.Repeat("y", 40) + "\"\n}"},
		"empty objects and lists": {`{"a":{},"b":[]}`, `{"a": {}, "b": []}`},
	} {
		if got := pretty([]byte(tc.in)); got != tc.want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, tc.want)
		}
	}
	got := pretty([]byte(`"` + long + `"`))
	if !strings.HasSuffix(got, `…" (300 characters)`) || len(got) > 120 || strings.Contains(got, "\ufffd") {
		t.Errorf("a long text is shown as %s, want it cut between characters with its length", got)
	}
}

func TestTextIsWrappedAtBlanks(t *testing.T) {
	t.Parallel()
	got := wrap("one two three "+strings.Repeat("x", 30), 10)
	want := []string{"one two", "three", strings.Repeat("x", 30)}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("wrapped %q, want %q", got, want)
	}
}

func TestChangedShowsOnlyWhatTheDEAChanged(t *testing.T) {
	t.Parallel()
	if got := changed("a\nTOKEN x\nb\n", "a\nruby x\nb\n"); got != "- TOKEN x\n+ ruby x\n" {
		t.Errorf("changed = %q", got)
	}
	if got := changed("a\n", "a\n"); !strings.Contains(got, "no token") {
		t.Errorf("nothing changed is told as %q", got)
	}
}
