package conform_test

import (
	"regexp"
	"testing"

	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/conformtest"
)

// impatient are intervals for which a test need not wait long.
const impatient = "max_memory: 4096\nintervals: {heartbeat: 2, advertise: 1}\n"

func TestOurDEAConforms(t *testing.T) {
	t.Parallel()
	b, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea")
	conformtest.DEA(t, b, conform.Options{})
}

// A DEA with a plain list of runtimes runs what the message names, as in 2012, so that the cases about that are not skipped.
func TestOurDEAConformsWithTheRuntimesOf2012(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	b, _ := startSandbox(t, map[string]string{"dea": impatient + "runtimes: [ruby19, ruby18]\nstrict_runtime_versions: true\n"}, "dea")
	conformtest.DEA(t, b, conform.Options{})
}

func TestOurStagerConforms(t *testing.T) {
	t.Parallel()
	b, _ := startSandbox(t, nil, "stager")
	conformtest.Stager(t, b, conform.Options{})
}

// The texts of February 2013.
func TestOurStagerConformsWithTheLaterTexts(t *testing.T) {
	t.Parallel()
	b, _ := startSandbox(t, map[string]string{"stager": "staging: {text: T2}\n"}, "stager")
	conformtest.Stager(t, b, conform.Options{})
}

func TestOurStagerEndsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	b, _ := startSandbox(t, map[string]string{"stager": "max_staging_duration: 2\n"}, "stager")
	conformtest.Stager(t, b, conform.Options{Slow: true, Match: regexp.MustCompile("^limit/")})
}
