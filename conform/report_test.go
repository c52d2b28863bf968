package conform_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/suite"
)

var update = flag.Bool("update", false, "write the golden files")

// everyOutcome is a report that has all that a report can have.
func everyOutcome() conform.Report {
	c := func(name string, level suite.Level) suite.Case {
		return suite.Case{Name: name, Source: "running §1.2", About: "something holds", Level: level}
	}
	return conform.Report{
		Target: conform.Target{Kind: "dea", ID: "646e", About: "runtime ruby19", Bus: "nats://127.0.0.1:4222", Cases: 5},
		Took:   1500 * time.Millisecond,
		Results: []suite.Result{
			{Case: c("discover/fits", suite.Core), Outcome: suite.OK, Took: time.Second},
			{
				Case: c("discover/too-big", suite.Required), Outcome: suite.NotOK, Why: "dea.discover was answered",
				Expected: "silence", Seen: "{\"id\":\"646e\"}\nand \"quotes\" and <&> and \x1b[31mred",
			},
			{Case: c("taint/memory", suite.Optional), Outcome: suite.NotOK, Why: "it is\nlate"},
			{Case: c("ready/never", suite.Required), Outcome: suite.Skipped, Why: "it takes a minute"},
			{Case: c("garbage/dea.stop", suite.Required), Outcome: suite.KnownOld, Why: "it hears nothing any more"},
		},
	}
}

// reporter is what tells of a test.
type reporter interface {
	conform.Progress
	End(conform.Report)
}

func tell(p reporter, r conform.Report) {
	p.Begin(r.Target)
	for _, one := range r.Results {
		p.Result(one)
	}
	p.End(r)
}

func TestReportsLookAsTheyAlwaysDid(t *testing.T) {
	t.Parallel()
	var tap, text, color, json bytes.Buffer
	tell(conform.NewTAP(&tap), everyOutcome())
	tell(conform.NewText(&text, false), everyOutcome())
	tell(conform.NewText(&color, true), everyOutcome())
	tell(conform.NewJSON(&json), everyOutcome())
	for name, got := range map[string]string{"report.tap": tap.String(), "report.txt": text.String(), "report.json": json.String()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s is now:\n%s(%v)", name, got, err)
		}
	}
	if plain := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(color.String(), ""); plain != text.String() || plain == color.String() {
		t.Errorf("with colours it is another text:\n%s", color.String())
	}
}

// A tool that reads TAP counts what is "not ok" without a TODO.
func TestTAPFailsWhereTheComponentDoes(t *testing.T) {
	t.Parallel()
	r := everyOutcome()
	var b bytes.Buffer
	tell(conform.NewTAP(&b), r)
	failed := 0
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "not ok") && !strings.Contains(line, "# TODO") {
			failed++
		}
	}
	if want := suite.Summarize(r.Results).Failed; failed != want || r.Passed() {
		t.Errorf("TAP has %d failures, want %d; passed: %v", failed, want, r.Passed())
	}
}

func TestCasesAreNamedOnceAndSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	for kind, tt := range map[string]struct {
		cases []suite.Case
		least int
		notes string
	}{
		"dea":    {conform.DEACases(), 60, "running"},
		"stager": {conform.StagerCases(), 30, "staging"},
	} {
		seen := map[string]bool{}
		core := 0
		for _, c := range tt.cases {
			group, name, ok := strings.Cut(c.Name, "/")
			if seen[c.Name] || !ok || group == "" || name == "" || strings.ContainsAny(c.Name, " _") {
				t.Errorf("%s: %q is no name, or a second time", kind, c.Name)
			}
			seen[c.Name] = true
			if !strings.HasPrefix(c.Source, tt.notes+" §") || c.About == "" || strings.HasSuffix(c.About, ".") {
				t.Errorf("%s: %s comes from %q and is about %q", kind, c.Name, c.Source, c.About)
			}
			switch c.Level {
			case suite.Core:
				core++
			case suite.Required, suite.Optional:
			default:
				t.Errorf("%s: %s has the level %q", kind, c.Name, c.Level)
			}
		}
		if len(tt.cases) < tt.least || core == 0 {
			t.Errorf("%s: %d cases, %d of them core, want %d and some", kind, len(tt.cases), core, tt.least)
		}
	}
}
