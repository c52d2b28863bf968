package conform

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/minicf/minicf/conform/suite"
)

// Text writes for people: the cases by subject, with what is wrong below each.
type Text struct {
	w     io.Writer
	color bool
	group string
}

// NewText returns a Progress that writes to w, with colours if asked.
func NewText(w io.Writer, color bool) *Text { return &Text{w: w, color: color} }

// Begin says what is tested.
func (t *Text) Begin(what Target) {
	fmt.Fprintf(t.w, "%s %s at %s (%s), %d cases\n", what.Kind, what.ID, what.Bus, what.About, what.Cases)
}

// Result writes a line, and more when there is more to say.
func (t *Text) Result(r suite.Result) {
	group, name, _ := strings.Cut(r.Name, "/")
	if group != t.group {
		t.group = group
		fmt.Fprintf(t.w, "\n%s\n", group)
	}
	mark, color := "✓", "32"
	switch {
	case r.Failed():
		mark, color = "✗", "31"
	case r.Outcome == suite.NotOK:
		mark, color = "✗", "33"
	case r.Outcome == suite.KnownOld:
		mark, color = "~", "33"
	case r.Outcome == suite.Skipped:
		mark, color = "-", "2"
	}
	fmt.Fprintf(t.w, "  %s %-26s %s\n", t.paint(mark, color), name, t.paint(r.About, "2"))
	switch r.Outcome {
	case suite.Skipped:
		fmt.Fprintf(t.w, "      skipped: %s\n", printable(r.Why))
	case suite.KnownOld:
		fmt.Fprintf(t.w, "      known 2012 behaviour: %s (%s)\n", printable(r.Why), r.Source)
	case suite.NotOK:
		t.diagnose(r)
	}
}

func (t *Text) diagnose(r suite.Result) {
	fmt.Fprintf(t.w, "      %s\n      source    %s, %s\n", t.paint(printable(r.Why), "1"), r.Source, r.Level)
	for _, f := range []struct{ key, text string }{{"expected", r.Expected}, {"seen", r.Seen}} {
		for i, line := range strings.Split(f.text, "\n") {
			if f.text == "" {
				break
			}
			if i > 0 {
				f.key = ""
			}
			fmt.Fprintf(t.w, "      %-9s %s\n", f.key, printable(line))
		}
	}
}

// End says what it comes to.
func (t *Text) End(r Report) {
	verdict := t.paint("passed", "32")
	if !r.Passed() {
		verdict = t.paint("did not pass", "31")
	}
	fmt.Fprintf(t.w, "\n%s: %s\n", verdict, summary(r))
}

func (t *Text) paint(s, color string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// printable is a text on a line and without what a terminal would obey: much of it comes from the component that is tested.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
