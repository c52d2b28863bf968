// Package conformtest makes Go tests of the conformance kit: every case is a subtest.
//
//	func TestMain(m *testing.M) {
//		if code, is := conformtest.Puppet(); is {
//			os.Exit(code)
//		}
//		os.Exit(m.Run())
//	}
//
//	func TestMyDEA(t *testing.T) {
//		b := … // a bus that my DEA is on
//		conformtest.DEA(t, b, conform.Options{CoreOnly: true})
//	}
//
// In goes a bus that a component is on; out come subtests with the names of the cases, which fail as those do.
package conformtest

import (
	"context"
	"os"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
)

// word tells the program of a test that it is an app of the kit.
const word = "minicf-conform-puppet"

// Puppet is for TestMain: the apps of the kit run the test's own program. Where it is one of them, it has run when this returns, and code
// is its exit status.
func Puppet() (code int, is bool) {
	if len(os.Args) < 2 || os.Args[1] != word {
		return 0, false
	}
	return puppet.Main(context.Background(), os.Args[2:]), true
}

// Program is what Options.Puppet must be where TestMain calls Puppet.
func Program(tb testing.TB) []string {
	tb.Helper()
	path, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return []string{path, word}
}

// DEA tests a DEA on b. TestMain must call Puppet.
func DEA(t *testing.T, b *bus.Bus, o conform.Options) {
	t.Helper()
	o.Puppet = Program(t)
	report, err := conform.DEA(t.Context(), b, o)
	judge(t, report, err)
}

// Stager tests the stagers on b.
func Stager(t *testing.T, b *bus.Bus, o conform.Options) {
	t.Helper()
	report, err := conform.Stager(t.Context(), b, o)
	judge(t, report, err)
}

// judge makes a subtest of each result.
func judge(t *testing.T, report conform.Report, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		t.Run(r.Name, func(t *testing.T) {
			switch {
			case r.Failed():
				t.Errorf("%s: %s (%s)\nexpected:\n%s\nseen:\n%s", r.About, r.Why, r.Source, r.Expected, r.Seen)
			case r.Outcome == suite.Skipped:
				t.Skip(r.Why)
			case r.Outcome != suite.OK:
				t.Logf("%s: %s", r.Outcome, r.Why)
			}
		})
	}
}
