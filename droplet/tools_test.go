package droplet_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/droplet"
)

// The archives must be interchangeable with those of the tools that the stager,
// the DEA and the clients of 2012 ran.

func TestDropletUnpacksWithTar(t *testing.T) {
	t.Parallel()
	needTool(t, "tar")
	src, dir := newRichTree(t), newTarget(t)
	tgz := packTo(t, src)
	must(t, os.Mkdir(dir, 0o755))
	run(t, dir, "tar", "-xzpf", tgz)
	checkSameTree(t, src, dir)
}

func TestDropletListsInTarAsInTheTutorial(t *testing.T) {
	t.Parallel()
	needTool(t, "tar")
	got := run(t, ".", "tar", "-tzf", packTo(t, newSinatraDroplet(t)))
	want := "app/\napp/app.rb\nlogs/\nlogs/staging.log\nstartup\nstop\ntmp/\n"
	if got != want {
		t.Errorf("tar -tzf printed:\n%s\nwant:\n%s", got, want)
	}
}

func packTo(tb testing.TB, src string) (tgz string) {
	tb.Helper()
	tgz = filepath.Join(tb.TempDir(), "droplet.tgz")
	f, err := os.Create(tgz)
	must(tb, err, droplet.Pack(tb.Context(), src, f), f.Close())
	return tgz
}

func TestUnpackReadsWhatTarWrites(t *testing.T) {
	t.Parallel()
	needTool(t, "tar")
	for name, args := range map[string]string{
		"the stager's *":       `tar -czf "$0" * .env`,
		"the tutorial's -C .":  `tar -czf "$0" -C . .`,
		"pax":                  `tar --format=pax -czf "$0" .`,
		"sparse files":         `tar --sparse -czf "$0" .`,
		"sparse files in pax":  `tar --sparse --format=pax -czf "$0" .`,
		"a large block factor": `tar -b 2048 -czf "$0" .`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := newRichTree(t)
			tgz := filepath.Join(t.TempDir(), "x.tgz")
			run(t, src, "sh", "-c", args, tgz)
			dir, err := unpack(t, []byte(read(t, tgz)), droplet.Limits{})
			must(t, err)
			checkSameTree(t, src, dir)
		})
	}
}

func TestUnpackKeepsHardLinksOfTar(t *testing.T) {
	t.Parallel()
	needTool(t, "tar")
	src := t.TempDir()
	write(t, filepath.Join(src, "a"), "shared", 0o600)
	must(t, os.Link(filepath.Join(src, "a"), filepath.Join(src, "b")))
	tgz := filepath.Join(t.TempDir(), "x.tgz")
	run(t, src, "tar", "-czf", tgz, "a", "b")
	dir, err := unpack(t, []byte(read(t, tgz)), droplet.Limits{})
	must(t, err)
	a, err1 := os.Stat(filepath.Join(dir, "a"))
	b, err2 := os.Stat(filepath.Join(dir, "b"))
	must(t, err1, err2)
	if !os.SameFile(a, b) {
		t.Error("a and b are no longer one file")
	}
}

func TestZipUnpacksWithUnzip(t *testing.T) {
	t.Parallel()
	needTool(t, "unzip")
	src, dir := newRichTree(t), newTarget(t)
	zipFile := filepath.Join(t.TempDir(), "app.zip")
	f, err := os.Create(zipFile)
	must(t, err, droplet.PackZip(t.Context(), src, f), f.Close())
	run(t, filepath.Dir(dir), "unzip", "-q", zipFile, "-d", dir)
	checkSameTree(t, src, dir)
}

func TestUnpackZipReadsWhatZipWrites(t *testing.T) {
	t.Parallel()
	needTool(t, "zip")
	for name, args := range map[string][]string{
		"zip -q -y -r": {"-q", "-y", "-r"},
		"zip -9":       {"-q", "-y", "-9", "-r"},
		"stored":       {"-q", "-y", "-0", "-r"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, dir := newRichTree(t), newTarget(t)
			// zip writes names that are not UTF-8 with replacements.
			must(t, os.Remove(filepath.Join(src, "app/caf\xe9 und \xc3\xa9.txt")))
			setTimes(t, src)
			zipFile := filepath.Join(t.TempDir(), "app.zip")
			run(t, src, "zip", append(args, zipFile, ".")...)
			must(t, unpackZip(t, []byte(read(t, zipFile)), dir, droplet.Limits{}))
			checkSameTree(t, src, dir)
		})
	}
}

func TestUnpackedZipIsTheSameAsByUnzip(t *testing.T) {
	t.Parallel()
	needTool(t, "zip")
	needTool(t, "unzip")
	src, ours, theirs := newRichTree(t), newTarget(t), newTarget(t)
	zipFile := filepath.Join(t.TempDir(), "app.zip")
	run(t, src, "zip", "-q", "-y", "-r", "-D", zipFile, ".")
	run(t, src, "unzip", "-q", zipFile, "-d", theirs)
	must(t, droplet.UnpackZip(t.Context(), zipFile, ours, droplet.Limits{}))
	if got, want := strings.Join(listing(t, ours), "\n"), strings.Join(listing(t, theirs), "\n"); got != want {
		t.Errorf("unpacked:\n%s\nwant, as by unzip:\n%s", got, want)
	}
}

func TestPackedTwiceThroughUnpackIsTheSame(t *testing.T) {
	t.Parallel()
	var first, again bytes.Buffer
	src, dir := newSinatraDroplet(t), newTarget(t)
	setTimes(t, src)
	must(t, droplet.Pack(t.Context(), src, &first))
	unpackBack(t, "tgz", first.Bytes(), dir)
	must(t, droplet.Pack(t.Context(), dir, &again))
	if !bytes.Equal(first.Bytes(), again.Bytes()) {
		t.Error("a droplet that was unpacked and packed again has other bytes")
	}
}
