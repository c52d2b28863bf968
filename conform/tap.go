package conform

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/minicf/minicf/conform/suite"
)

// TAP writes the Test Anything Protocol, version 14, which many tools read. What is known 2012 behaviour is a "not ok" with a TODO, which
// such tools do not take for a failure; so is an optional case that fails.
type TAP struct {
	w io.Writer
	n int
}

// NewTAP returns a Progress that writes to w.
func NewTAP(w io.Writer) *TAP { return &TAP{w: w} }

// Begin writes the plan.
func (t *TAP) Begin(what Target) {
	fmt.Fprintf(t.w, "TAP version 14\n1..%d\n# %s %s (%s) at %s\n", what.Cases, what.Kind, what.ID, what.About, what.Bus)
}

// Result writes a test point.
func (t *TAP) Result(r suite.Result) {
	t.n++
	verdict, directive := "ok", ""
	switch {
	case r.Outcome == suite.Skipped:
		directive = " # SKIP " + r.Why
	case r.Outcome == suite.KnownOld:
		verdict, directive = "not ok", " # TODO known 2012 behaviour: "+r.Why
	case r.Outcome == suite.NotOK && !r.Failed():
		verdict, directive = "not ok", " # TODO optional"
	case r.Outcome == suite.NotOK:
		verdict = "not ok"
	}
	fmt.Fprintf(t.w, "%s %d - %s%s\n", verdict, t.n, r.Name, oneLine(directive))
	if r.Outcome == suite.NotOK {
		t.diagnose(r)
	}
}

// diagnose writes the YAML block that says what was wrong. JSON strings are YAML strings.
func (t *TAP) diagnose(r suite.Result) {
	fmt.Fprintf(t.w, "  ---\n  message: %s\n  about: %s\n  source: %s\n  level: %s\n", quoted(r.Why), quoted(r.About), quoted(r.Source), r.Level)
	for _, f := range []struct{ key, text string }{{"expected", r.Expected}, {"seen", r.Seen}} {
		if f.text == "" {
			continue
		}
		fmt.Fprintf(t.w, "  %s:\n", f.key)
		for line := range strings.SplitSeq(f.text, "\n") {
			fmt.Fprintf(t.w, "    - %s\n", quoted(line))
		}
	}
	fmt.Fprint(t.w, "  ...\n")
}

// End writes what it comes to.
func (t *TAP) End(r Report) {
	fmt.Fprintf(t.w, "# %s\n", summary(r))
}

// summary is a report in a line.
func summary(r Report) string {
	s := suite.Summarize(r.Results)
	text := fmt.Sprintf("%d cases: %d ok, %d not ok", s.Cases, s.OK, s.NotOK)
	if optional := s.NotOK - s.Failed; optional > 0 {
		text += fmt.Sprintf(" (%d of them optional)", optional)
	}
	return text + fmt.Sprintf(", %d known 2012 behaviour, %d skipped; %.1f s", s.Known, s.Skipped, r.Took.Seconds())
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

// quoted is a string as JSON, cut when it is very long.
func quoted(s string) string {
	const most = 4000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // neither a string nor the builder can fail
	return strings.TrimSpace(b.String())
}
