package droplet_test

import (
	"archive/tar"
	"bytes"
	"math"
	"testing"

	"github.com/minicf/minicf/droplet"
)

func TestDefaultLimitsAre100000EntriesAnd2GiB(t *testing.T) {
	t.Parallel()
	if got, want := droplet.DefaultLimits(), (droplet.Limits{Entries: 100_000, Bytes: 2 << 30}); got != want {
		t.Errorf("DefaultLimits = %+v, want %+v", got, want)
	}
}

func TestLimitsMayBeAsLargeAsTheirType(t *testing.T) {
	t.Parallel()
	lim := droplet.Limits{Entries: math.MaxInt, Bytes: math.MaxInt64}
	tgz := newTGZ(t, tarFile{tar.Header{Name: "a"}, "text"})
	must(t, droplet.Unpack(t.Context(), bytes.NewReader(tgz), newTarget(t), lim))
	must(t, unpackZip(t, newZip(t, named("a", 0o644, "text")), newTarget(t), lim))
}

func TestNegativeLimitsMeanTheDefaults(t *testing.T) {
	t.Parallel()
	tgz := newTGZ(t, tarFile{tar.Header{Name: "a"}, "text"})
	must(t, droplet.Unpack(t.Context(), bytes.NewReader(tgz), newTarget(t), droplet.Limits{Entries: -1, Bytes: -1}))
}
