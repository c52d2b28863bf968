package story

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
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
	if got := changed("a\n", "a\n"); got != "" {
		t.Errorf("nothing changed is told as %q", got)
	}
}

func TestLongTextIsNeverCutInsideAnEscape(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"backslashes": strings.Repeat(`dir\`, 40), "line ends": strings.Repeat("\n", 200), "quotes": strings.Repeat(`"`, 200),
		"controls": strings.Repeat("\x01", 200), "letters": strings.Repeat("é", 200), "plain": strings.Repeat("x", 200),
	} {
		for shift := range 8 {
			text := strings.Repeat("a", shift) + text
			scalar, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			got := pretty(scalar)
			head, note, found := strings.Cut(got, "…")
			var shown string
			if err := json.Unmarshal([]byte(head+`"`), &shown); !found || err != nil || !strings.HasPrefix(text, shown) || len(shown) < 5 {
				t.Errorf("%s: shown as %s, want the beginning of the text: %v", name, got, err)
			}
			if want := fmt.Sprintf(`" (%d characters)`, utf8.RuneCountInString(text)); note != want {
				t.Errorf("%s: the note is %q, want %q", name, note, want)
			}
		}
	}
	if number := strings.Repeat("9", 100); pretty([]byte(number)) != number {
		t.Errorf("a long number is shown as %s", pretty([]byte(number)))
	}
}

func TestNothingFromOutsideControlsTheTerminal(t *testing.T) {
	t.Parallel()
	hostile := "red \x1b[31m bell \a title \x1b]0;x\x07 c1 \u009b2J raw \x9b2J left \u202e del \x7f back \b over \r end"
	check := func(name, shown string) {
		for _, r := range shown {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Errorf("%s: %q comes through: %q", name, r, shown)
			}
		}
		if !strings.Contains(shown, "red ") || !strings.Contains(shown, " end") {
			t.Errorf("%s: the rest is lost: %q", name, shown)
		}
	}
	payload, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	check("a payload of text", pretty([]byte(hostile)))
	check("a payload of JSON", strings.ReplaceAll(pretty(payload), "…", " end"))
	var out strings.Builder
	voice := &textTeller{w: &out}
	err = voice.tell(Step{Number: 1, Title: "T", Exhibits: []Exhibit{{Label: "L", Text: hostile}, {Label: hostile}}})
	if err != nil {
		t.Fatal(err)
	}
	check("an exhibit", out.String())
	if got := printable("a\tb\r\nc é 👩‍💻"); got != "a\tb\nc é 👩‍💻" {
		t.Errorf("harmless text is shown as %q", got)
	}
}

func TestNoLineEndsInBlanks(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	voice := &textTeller{w: &out}
	for _, s := range []Step{
		{Number: 1, Title: "No time", Why: "because", Exhibits: []Exhibit{{Label: "text", Text: "one\n\ntwo\n"}}},
		{Number: 2, Title: "Time", Elapsed: time.Second, Exhibits: []Exhibit{{Label: "not yet sent", Subject: "s"}, {Subject: "s", Label: "sent", At: time.Second}}},
	} {
		if err := voice.tell(s); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSuffix(line, "\n"); line != strings.TrimRight(line, " ") {
			t.Errorf("%q ends in blanks", line)
		}
	}
}
