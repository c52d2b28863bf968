package conform_test

import (
	"slices"
	"testing"
	"time"

	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/conformtest"
	"github.com/minicf/minicf/conform/suite"
)

// What the original did and said must pass, and where it was wrong be known.
func TestTheDEAOf2012Passes(t *testing.T) {
	t.Parallel()
	report, err := conform.DEA(t.Context(), startOriginal(t), conform.Options{Puppet: conformtest.Program(t), Patience: 10 * time.Second, Quiet: 2 * time.Second, Parallel: 16})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, report, nil)
	if got, want := names(report, suite.KnownOld), oldDEA(); !slices.Equal(got, want) {
		t.Errorf("known 2012 behaviour: %q\nwant: %q", got, want)
	}
}

func TestTheStagerOf2012Passes(t *testing.T) {
	t.Parallel()
	report, err := conform.Stager(t.Context(), startOriginalStager(t), conform.Options{Patience: 20 * time.Second, Parallel: 16})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, report, nil)
	if got, want := names(report, suite.KnownOld), oldStager(); !slices.Equal(got, want) {
		t.Errorf("known 2012 behaviour: %q\nwant: %q", got, want)
	}
}

// oldDEA are the cases in which the DEA of 2012 was wrong.
func oldDEA() []string {
	return []string{
		"download/error-status", "download/wrong-sha1", "env/apostrophe-in-credentials", "env/no-commands", "env/path", "env/quotes", "files/address", "find/instance-ids",
		"garbage/dea.discover", "limits/disk", "limits/memory", "limits/open-files", "start/odd-name", "stop/children", "stop/downloading",
		"stop/hanging-script", "stop/stubborn-app", "taint/crashed-instances", "update/no-empty-messages", "update/uris-again",
	}
}

// oldStager are those of the stager.
func oldStager() []string {
	return []string{
		"download/redirect", "droplet/dot-files", "invalid/empty", "invalid/list", "invalid/missing-resource", "invalid/no-download-uri",
		"invalid/no-framework", "invalid/no-json", "invalid/no-properties", "invalid/no-resources", "invalid/null", "invalid/properties-no-object",
		"invalid/services-no-list", "invalid/truncated", "invalid/wrong-type", "plugin/path-for-a-name", "request/integral-floats",
		"request/version-number", "unpack/traversal", "upload/redirect",
	}
}
