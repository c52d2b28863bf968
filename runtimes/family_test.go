package runtimes

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

func TestProbeTellsWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := newBin(t, "bin", "ruby")
	family := func(executables ...string) Family {
		return Family{Name: "ruby", Executables: executables, Version: []string{"-v"}, Check: []string{"check"}}
	}
	tests := map[string]struct {
		family  Family
		answers map[string]string
		want    Status
	}{
		"everything is there": {
			family(dir + "/ruby"),
			map[string]string{"-v": "ruby 3.1\nmore\n"},
			Status{Found: true, Executable: dir + "/ruby", Version: "ruby 3.1"},
		},
		"no program": {
			family(dir+"/a", dir+"/b"), nil,
			Status{Missing: "no program called " + dir + "/a or " + dir + "/b"},
		},
		"libraries": {
			family(dir + "/ruby"),
			map[string]string{"-v": "ruby 3.1", "check": "!sinatra\nwebrick\n"},
			Status{Executable: dir + "/ruby", Version: "ruby 3.1", Missing: "sinatra, webrick"},
		},
		"the check breaks": {
			family(dir + "/ruby"),
			map[string]string{"-v": "ruby 3.1", "check": "!some long story about a broken thing\nand more"},
			Status{Executable: dir + "/ruby", Version: "ruby 3.1", Missing: "libraries (exit status 1: some long story about a broken thing)"},
		},
		"it does not run": {
			family(dir + "/ruby"),
			map[string]string{"-v": "!"},
			Status{Executable: dir + "/ruby", Missing: "a ruby that runs (" + dir + "/ruby: exit status 1)"},
		},
	}
	for name, tt := range tests {
		tt.want.Family = "ruby"
		f := &fakeRun{answers: tt.answers}
		if got := Probe(t.Context(), f.run, tt.family); got != tt.want {
			t.Errorf("%s: Probe = %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestProbeOfThisMachineAgreesWithItsPrograms(t *testing.T) {
	t.Parallel()
	for _, f := range Families() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			s := Probe(t.Context(), Run, f)
			if _, ok := Find(f.Executables...); ok != (s.Executable != "") {
				t.Errorf("Find and Probe disagree: %+v", s)
			}
			if s.Found != (s.Missing == "") || s.Found && s.Version == "" {
				t.Errorf("the status contradicts itself: %+v", s)
			}
		})
	}
}

func TestRubyProbeFindsTheLibrariesOfTheTutorial(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	f, _ := FamilyOf("ruby19")
	s := Probe(t.Context(), Run, f)
	if !strings.HasPrefix(s.Version, "ruby ") {
		t.Errorf("the version is %q", s.Version)
	}
	// The same question, asked without the code under test.
	_, err := Run(t.Context(), s.Executable, []string{"-rsinatra/base", "-rwebrick", "-e", "0"})
	if err == nil && s.Missing != "" {
		t.Errorf("ruby can load sinatra and webrick, but the probe misses %q", s.Missing)
	}
}

func TestRubyProbeNamesAMissingLibrary(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	f, _ := FamilyOf("ruby19")
	run := func(ctx context.Context, executable string, args []string) ([]byte, error) {
		return Run(ctx, executable, append([]string{"--disable-gems", "-I/nowhere"}, args...))
	}
	s := Probe(t.Context(), run, f)
	_, err := run(t.Context(), s.Executable, []string{"-rsinatra/base", "-e", "0"})
	if err != nil && !strings.Contains(s.Missing, "sinatra") {
		t.Errorf("without sinatra the probe misses %q", s.Missing)
	}
}

func TestProbeIsOverWhenItsContextIs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := Probe(ctx, Run, Family{Name: "sh", Executables: []string{"/bin/sh"}, Version: []string{"-c", "echo 1"}})
	if s.Found || !strings.Contains(s.Missing, context.Canceled.Error()) {
		t.Errorf("Probe after cancel = %+v", s)
	}
	if _, err := Run(ctx, "/bin/sh", []string{"-c", "echo 1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run after cancel = %v", err)
	}
}
