package droplet_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/droplet"
)

// The tree of the benchmarks: 60 MB in 5,200 files, about as compressible as
// an application with its libraries.
const (
	benchFiles = 5_200
	benchBytes = 60 << 20
)

func BenchmarkPack60MB(b *testing.B) {
	dir := newBigTree(b)
	out := newOutput(b)
	b.SetBytes(benchBytes)
	for b.Loop() {
		rewind(b, out)
		if err := droplet.Pack(b.Context(), dir, out); err != nil {
			b.Fatal(err)
		}
	}
	reportSize(b, out)
}

// BenchmarkTarCzf is what the stager of 2012 ran, on the tree of
// BenchmarkPack60MB. Compare the two within one run.
func BenchmarkTarCzf(b *testing.B) {
	needTool(b, "tar")
	needTool(b, "gzip")
	dir := newBigTree(b)
	out := newOutput(b)
	b.SetBytes(benchBytes)
	for b.Loop() {
		run(b, dir, "sh", "-c", `tar -czf "$0" *`, out.Name())
	}
	reportSize(b, out)
}

func BenchmarkUnpack(b *testing.B) {
	tgz := newOutput(b)
	if err := droplet.Pack(b.Context(), newBigTree(b), tgz); err != nil {
		b.Fatal(err)
	}
	parent := b.TempDir()
	b.SetBytes(benchBytes)
	for n := 0; b.Loop(); n++ {
		rewind(b, tgz)
		dir := filepath.Join(parent, fmt.Sprint(n))
		if err := droplet.Unpack(b.Context(), tgz, dir, droplet.Limits{}); err != nil {
			b.Fatal(err)
		}
		removeOutsideTimer(b, dir)
	}
}

func BenchmarkUnpackZip(b *testing.B) {
	zipFile := newOutput(b)
	if err := droplet.PackZip(b.Context(), newBigTree(b), zipFile); err != nil {
		b.Fatal(err)
	}
	parent := b.TempDir()
	b.SetBytes(benchBytes)
	for n := 0; b.Loop(); n++ {
		dir := filepath.Join(parent, fmt.Sprint(n))
		if err := droplet.UnpackZip(b.Context(), zipFile.Name(), dir, droplet.Limits{}); err != nil {
			b.Fatal(err)
		}
		removeOutsideTimer(b, dir)
	}
}

// BenchmarkPackSinatra packs the droplet of the tutorial: this is what a
// staging request waits for.
func BenchmarkPackSinatra(b *testing.B) {
	dir := newSinatraDroplet(b)
	for b.Loop() {
		if err := droplet.Pack(b.Context(), dir, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnpackSinatra(b *testing.B) {
	var tgz bytes.Buffer
	if err := droplet.Pack(b.Context(), newSinatraDroplet(b), &tgz); err != nil {
		b.Fatal(err)
	}
	parent := b.TempDir()
	for n := 0; b.Loop(); n++ {
		dir := filepath.Join(parent, fmt.Sprint(n))
		if err := droplet.Unpack(b.Context(), bytes.NewReader(tgz.Bytes()), dir, droplet.Limits{}); err != nil {
			b.Fatal(err)
		}
		removeOutsideTimer(b, dir)
	}
}

// newBigTree writes pseudo source code: a vocabulary of identifiers of which
// few are frequent, in lines with indentation. Every tenth file is noise, as
// images and compiled files are.
func newBigTree(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	rnd := rand.New(rand.NewPCG(2012, 11))
	words := newVocabulary(rnd)
	zipf := rand.NewZipf(rnd, 1.1, 4, uint64(len(words)-1))
	for n := range benchFiles {
		size := benchBytes / benchFiles
		var text []byte
		if n%10 == 0 {
			text = make([]byte, size)
			for i := range text {
				text[i] = byte(rnd.Uint32())
			}
		}
		for len(text) < size {
			text = append(text, "\t\t\t"[:rnd.IntN(4)]...)
			for range 2 + rnd.IntN(8) {
				text = append(append(text, words[zipf.Uint64()]...), ' ')
			}
			text = append(text, '\n')
		}
		name := filepath.Join(dir, "app", "vendor", fmt.Sprintf("gem-%02d", n%40), fmt.Sprintf("lib%d", n%7), fmt.Sprintf("f%d.rb", n))
		write(b, name, string(text[:size]), 0o644)
	}
	return dir
}

func newVocabulary(rnd *rand.Rand) []string {
	words := make([]string, 8_000)
	for i := range words {
		word := make([]byte, 3+rnd.IntN(9))
		for j := range word {
			word[j] = 'a' + byte(rnd.IntN(26))
		}
		words[i] = string(word)
	}
	return words
}

func newOutput(b *testing.B) *os.File {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "out"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

func rewind(b *testing.B, f *os.File) {
	b.Helper()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		b.Fatal(err)
	}
}

func reportSize(b *testing.B, f *os.File) {
	b.Helper()
	info, err := os.Stat(f.Name())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/(1<<20), "MiB-out")
}

func removeOutsideTimer(b *testing.B, dir string) {
	b.Helper()
	b.StopTimer()
	defer b.StartTimer()
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}
