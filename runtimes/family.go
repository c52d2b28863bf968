package runtimes

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Family is a program that serves several runtimes, and what else apps of those runtimes need.
type Family struct {
	Name        string              // "ruby"
	Purpose     string              // what it is for, to be read by people
	Runtimes    []string            // the names it serves; none for what every app needs
	Frameworks  []string            // whose apps need it besides their runtime
	Executables []string            // candidates, the best first
	Version     []string            // arguments that print the version
	Check       []string            // arguments with which it exits with 0 if its libraries are there, and else prints what is missing; nil: nothing to check
	Packages    map[string][]string // package manager (apt, dnf, brew, apk) → packages, as words for a shell; see Machine.Install
	ForTests    bool                // no app needs it, only minicf's own tests
	gems        []string            // to be installed by Ruby itself where there are no packages of them
}

// Status is what Probe found.
type Status struct {
	Family     string `json:"family"`
	Found      bool   `json:"found"`      // the program and everything that apps need of it
	Executable string `json:"executable"` // absolute path; "" when there is none
	Version    string `json:"version"`    // its own words, one line; "" when it does not run
	Missing    string `json:"missing"`    // what is missing, to be read by people; "" when Found
}

// Probe looks whether this machine has what the family needs. It runs the program at most twice, through run.
func Probe(ctx context.Context, run Runner, f Family) Status {
	s := Status{Family: f.Name}
	path, ok := Find(f.Executables...)
	if !ok {
		s.Missing = "no program called " + strings.Join(f.Executables, " or ")
		return s
	}
	s.Executable = path
	output, err := run(ctx, path, f.Version)
	if err != nil {
		s.Missing = fmt.Sprintf("a %s that runs (%s: %v)", f.Name, path, err)
		return s
	}
	s.Version = firstLine(output)
	if f.Check != nil {
		s.Missing = missing(ctx, run, path, f.Check)
	}
	s.Found = s.Missing == ""
	return s
}

// missing runs the check. A few words of output are the names of what is missing; more is the story of a broken program.
func missing(ctx context.Context, run Runner, path string, check []string) string {
	output, err := run(ctx, path, check)
	if err == nil {
		return ""
	}
	if words := strings.Fields(string(output)); len(words) > 0 && len(words) <= 5 {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("libraries (%v: %s)", err, firstLine(output))
}

func firstLine(output []byte) string {
	first, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return strings.TrimSpace(first)
}

// FamilyOf returns the family that serves a runtime.
func FamilyOf(runtime string) (Family, bool) {
	for _, f := range Families() {
		if slices.Contains(f.Runtimes, runtime) {
			return f, true
		}
	}
	return Family{}, false
}

// candidates are the programs that may serve the runtime. A name of 2012 is served by whatever there is, but python2
// by a real Python 2 if one is left.
func (f Family) candidates(runtime string) []string {
	if runtime == "python2" {
		return append([]string{"python2.7", "python2"}, f.Executables...)
	}
	return f.Executables
}
