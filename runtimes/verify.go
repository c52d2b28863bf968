package runtimes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// ErrNotConfigured means that the table does not list the runtime, so that it is never served, whatever the message says.
var ErrNotConfigured = errors.New("not among the configured runtimes")

// Verdict is whether a runtime can be served, and how.
type Verdict struct {
	Enabled    bool
	Executable string // absolute path, to be put in the place of the runtime token; "" unless Enabled
	Line       string // what the DEA of 2012 logged at info: "  ruby19:    OK", "  ruby19:    FAILED, …"
	Note       string // Enabled all the same: "version mismatch. Found 3.1.2.  Expected 1.9.2"; worth a log line too
}

// Verify decides whether the runtime of a message can be served, following the steps of the DEA of 2012 (0.99):
//
//  1. the name must be in the table, else ErrNotConfigured, wrapped in the text that the DEA logged at debug;
//  2. the executable must be found: the table's if it maps the name, and then never the message's;
//  3. it must run with version_flag (-v), and its output must fit version_output, which must be there;
//  4. run with additional_checks, if there are any, it must print true.
//
// Unless strict is set a program serves the runtime also when it is of another version, or nobody could run a droplet of
// 2012 today; Verdict.Note tells what was found. For a mapped one nothing that steps 3 and 4 yield matters, and without
// version_output nothing is run.
//
// version_flag and additional_checks are split into words and handed to the executable directly ([SplitWords]). Apart
// from ErrNotConfigured the only error is that of ctx. The DEA keeps verdicts, for [SameCheck].
func Verify(ctx context.Context, run Runner, info protocol.RuntimeInfo, table Table, strict bool) (Verdict, error) {
	configured, listed := table[info.Name]
	if !listed {
		return Verdict{}, notConfigured(info.Name)
	}
	wanted, mapped := configured, configured != ""
	if !mapped {
		wanted = info.Executable
	}
	executable, found := Find(wanted)
	if !found {
		return failed(info.Name, fmt.Sprintf("executable '%s' not found", wanted)), nil
	}
	if mapped && !strict && info.VersionOutput == "" {
		return passed(info.Name, executable, ""), nil
	}
	problem := check(ctx, run, info, executable)
	switch {
	case ctx.Err() != nil:
		return Verdict{}, ctx.Err()
	case problem.text == "" || !strict && (mapped || problem.otherVersion):
		return passed(info.Name, executable, problem.text), nil
	}
	return failed(info.Name, problem.text), nil
}

// SameCheck reports whether a verdict about one runtime_info holds for the other: everything that is verified is the
// same. What is not, like environment, is to be taken from the newer one.
func SameCheck(a, b protocol.RuntimeInfo) bool {
	return a.Name == b.Name && a.Executable == b.Executable && a.VersionFlag == b.VersionFlag &&
		a.VersionOutput == b.VersionOutput && a.AdditionalChecks == b.AdditionalChecks
}

// problem is what is wrong with a program, in the words of 2012; the zero value is nothing.
type problem struct {
	text         string
	otherVersion bool // it runs, and is just not the one that was asked for
}

// check runs steps 3 and 4.
func check(ctx context.Context, run Runner, info protocol.RuntimeInfo, executable string) problem {
	flag := info.VersionFlag
	if flag == "" {
		flag = "-v"
	}
	output, err := runWords(ctx, run, executable, flag)
	if err != nil {
		return problem{text: fmt.Sprintf("unable to run version check command: %s %s", executable, flag)}
	}
	if info.VersionOutput == "" {
		return problem{text: "no version_output specified.  Cannot perform version check"}
	}
	expected := string(info.VersionOutput)
	pattern, err := regexp.Compile("(?m)" + expected) // in Ruby ^ and $ are always the ends of lines
	if err != nil {
		return problem{text: fmt.Sprintf("version_output cannot be read: %v", err)}
	}
	if !pattern.Match(output) {
		return problem{fmt.Sprintf("version mismatch. Found %s.  Expected %s", strings.TrimSpace(string(output)), expected), true}
	}
	if info.AdditionalChecks == "" {
		return problem{}
	}
	output, err = runWords(ctx, run, executable, info.AdditionalChecks)
	if err != nil || !bytes.Contains(bytes.ToLower(output), []byte("true")) {
		return problem{"additional checks failed", true}
	}
	return problem{}
}

// runWords is what stood between backquotes in 2012, and went through a shell.
func runWords(ctx context.Context, run Runner, executable, words string) ([]byte, error) {
	args, err := SplitWords(words)
	if err != nil {
		return nil, err
	}
	return run(ctx, executable, args)
}

// passed and failed are the two kinds of verdict, each with the line that the DEA of 2012 logged for it.
func passed(name, executable, note string) Verdict {
	return Verdict{Enabled: true, Executable: executable, Line: line(name, "OK"), Note: note}
}

func failed(name, problem string) Verdict {
	return Verdict{Line: line(name, "FAILED, "+problem)}
}

func line(name, what string) string { return fmt.Sprintf("  %-10s %s", name+":", what) }

// notConfiguredError has the text of 2012 and is ErrNotConfigured.
type notConfiguredError struct{ name string }

func notConfigured(name string) error { return &notConfiguredError{name} }

func (e *notConfiguredError) Error() string {
	return fmt.Sprintf("Ignoring request, no suitable runtimes available for '%s'", e.name)
}

func (e *notConfiguredError) Is(target error) bool { return target == ErrNotConfigured }
