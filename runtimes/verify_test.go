package runtimes

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// fakeRun answers by the last argument, and remembers what was run.
type fakeRun struct {
	answers map[string]string // "!" in front: exit status 1
	ran     []string
}

func (f *fakeRun) run(_ context.Context, executable string, args []string) ([]byte, error) {
	f.ran = append(f.ran, filepath.Base(executable)+" "+strings.Join(args, "|"))
	answer := f.answers[args[len(args)-1]]
	if out, ok := strings.CutPrefix(answer, "!"); ok {
		return []byte(out), errors.New("exit status 1")
	}
	return []byte(answer), nil
}

func TestVerifyFollowsTheStepsOf2012(t *testing.T) {
	t.Parallel()
	dir := newBin(t, "bin", "ruby", "other")
	exe := filepath.Join(dir, "ruby")
	listed, mapped := Table{"ruby19": ""}, Table{"ruby19": exe}
	full := Info("ruby19")
	full.Executable = exe
	with := func(change func(*protocol.RuntimeInfo)) protocol.RuntimeInfo {
		i := full
		change(&i)
		return i
	}
	good := map[string]string{"puts RUBY_VERSION": "1.9.2\n", "puts RUBY_PATCHLEVEL == 180": "TRUE\n"}
	tests := map[string]struct {
		info    protocol.RuntimeInfo
		table   Table
		strict  bool
		answers map[string]string
		line    string
		note    string
		ran     int
	}{
		"listed and right":           {full, listed, false, good, "  ruby19:    OK", "", 2},
		"mapped and right":           {full, mapped, true, good, "  ruby19:    OK", "", 2},
		"listed and of another time": {full, listed, false, map[string]string{"puts RUBY_VERSION": "3.1.2\n"}, "  ruby19:    OK", "version mismatch. Found 3.1.2.  Expected 1.9.2", 1},
		"listed, strict, and of another time": {
			full, listed, true,
			map[string]string{"puts RUBY_VERSION": "3.1.2\n"},
			"  ruby19:    FAILED, version mismatch. Found 3.1.2.  Expected 1.9.2", "", 1,
		},
		"mapped and of another time": {full, mapped, false, map[string]string{"puts RUBY_VERSION": "3.1.2\n"}, "  ruby19:    OK", "version mismatch. Found 3.1.2.  Expected 1.9.2", 1},
		"mapped, strict, and of another time": {
			full, mapped, true,
			map[string]string{"puts RUBY_VERSION": "3.1.2\n"},
			"  ruby19:    FAILED, version mismatch. Found 3.1.2.  Expected 1.9.2", "", 1,
		},
		"another patch level":          {full, listed, true, map[string]string{"puts RUBY_VERSION": "1.9.2", "puts RUBY_PATCHLEVEL == 180": "false"}, "  ruby19:    FAILED, additional checks failed", "", 2},
		"mapped, another patch level":  {full, mapped, false, map[string]string{"puts RUBY_VERSION": "1.9.2"}, "  ruby19:    OK", "additional checks failed", 2},
		"version check fails":          {full, listed, false, map[string]string{"puts RUBY_VERSION": "!x"}, "  ruby19:    FAILED, unable to run version check command: " + exe + " -e 'puts RUBY_VERSION'", "", 1},
		"not found":                    {with(func(i *protocol.RuntimeInfo) { i.Executable = exe + "x" }), listed, false, nil, "  ruby19:    FAILED, executable '" + exe + "x' not found", "", 0},
		"listed, no executable":        {with(func(i *protocol.RuntimeInfo) { i.Executable = "" }), listed, false, nil, "  ruby19:    FAILED, executable '' not found", "", 0},
		"mapped to nothing":            {full, Table{"ruby19": dir + "/php"}, false, nil, "  ruby19:    FAILED, executable '" + dir + "/php' not found", "", 0},
		"listed, no version_output":    {with(func(i *protocol.RuntimeInfo) { i.VersionOutput = "" }), listed, false, good, "  ruby19:    FAILED, no version_output specified.  Cannot perform version check", "", 1},
		"mapped, no version_output":    {with(func(i *protocol.RuntimeInfo) { i.VersionOutput = "" }), mapped, false, good, "  ruby19:    OK", "", 0},
		"strict, no version_output":    {with(func(i *protocol.RuntimeInfo) { i.VersionOutput = "" }), mapped, true, good, "  ruby19:    FAILED, no version_output specified.  Cannot perform version check", "", 1},
		"the message's own executable": {with(func(i *protocol.RuntimeInfo) { i.Executable = dir + "/other" }), mapped, true, good, "  ruby19:    OK", "", 2},
		"a flag that is no words":      {with(func(i *protocol.RuntimeInfo) { i.VersionFlag = "-e 'x" }), listed, false, good, "  ruby19:    FAILED, unable to run version check command: " + exe + " -e 'x", "", 0},
		"a pattern that is none":       {with(func(i *protocol.RuntimeInfo) { i.VersionOutput = "(" }), listed, false, good, "  ruby19:    FAILED, version_output cannot be read: error parsing regexp: missing closing ): `(?m)(`", "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fakeRun{answers: tt.answers}
			v, err := Verify(t.Context(), f.run, tt.info, tt.table, tt.strict)
			if err != nil {
				t.Fatal(err)
			}
			if v.Line != tt.line || v.Note != tt.note || len(f.ran) != tt.ran {
				t.Errorf("verdict %+v after running %q, want line %q, note %q, %d commands", v, f.ran, tt.line, tt.note, tt.ran)
			}
			enabled := strings.HasSuffix(tt.line, "OK")
			if v.Enabled != enabled || enabled && v.Executable != exe || !enabled && v.Executable != "" {
				t.Errorf("enabled = %t with %q", v.Enabled, v.Executable)
			}
		})
	}
}

func TestVerifyNeverServesWhatIsNotConfigured(t *testing.T) {
	t.Parallel()
	f := &fakeRun{}
	_, err := Verify(t.Context(), f.run, Info("ruby19"), Table{"ruby18": ""}, false)
	if !errors.Is(err, ErrNotConfigured) || err.Error() != "Ignoring request, no suitable runtimes available for 'ruby19'" {
		t.Errorf("Verify = %v, want ErrNotConfigured in the words of 2012", err)
	}
	if len(f.ran) != 0 {
		t.Errorf("ran %q", f.ran)
	}
}

func TestVerifyHandsWordsToTheExecutableAndNothingToAShell(t *testing.T) {
	t.Parallel()
	dir := newBin(t, "bin", "ruby")
	f := &fakeRun{answers: map[string]string{"$(touch /x)": "1.9"}}
	info := protocol.RuntimeInfo{Name: "ruby19", VersionFlag: `-e 'a; b' "c d" $(touch\ /x)`, VersionOutput: "1.9"}
	if _, err := Verify(t.Context(), f.run, info, Table{"ruby19": dir + "/ruby"}, true); err != nil {
		t.Fatal(err)
	}
	if want := "ruby -e|a; b|c d|$(touch /x)"; len(f.ran) != 1 || f.ran[0] != want {
		t.Errorf("ran %q, want %q", f.ran, want)
	}
}

func TestVerifyStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	run := func(context.Context, string, []string) ([]byte, error) {
		cancel()
		return nil, context.Canceled
	}
	_, err := Verify(ctx, run, Info("ruby19"), Table{"ruby19": "/bin/sh"}, false)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v, want context canceled", err)
	}
}

func TestVerifyARealRuby(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	v, err := Verify(t.Context(), Run, Info("ruby19"), Default(), false)
	if err != nil || !v.Enabled || v.Line != "  ruby19:    OK" || !strings.Contains(v.Note, "Expected 1.9.2") {
		t.Errorf("verdict %+v, %v, want OK with a note about the version", v, err)
	}
	info := Info("ruby19")
	info.VersionOutput, info.AdditionalChecks = `\d\.\d`, "-e 'puts 1 == 1'"
	if v, err := Verify(t.Context(), Run, info, Table{"ruby19": ""}, true); err != nil || !v.Enabled || v.Note != "" {
		t.Errorf("verdict %+v, %v, want OK without a note", v, err)
	}
}

func TestSameCheckIgnoresWhatIsNotVerified(t *testing.T) {
	t.Parallel()
	a, b := Info("ruby19"), Info("ruby19")
	b.Environment, b.DebugEnv, b.Description = protocol.Vars{"A": "b"}, map[string][]string{"run": nil}, "x"
	if !SameCheck(a, b) {
		t.Error("another environment asks for another check")
	}
	b.VersionFlag = "-v"
	if SameCheck(a, b) {
		t.Error("another version_flag asks for no check")
	}
}
