package framework

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Limits on a glob, which may come from a staging request.
const (
	maxGlob       = 4 << 10 // bytes
	maxExpansions = 256     // patterns that the braces of one glob may stand for
)

// glob lists what below root fits a pattern as Ruby's Dir[] understood it, sorted bytewise and without repetition:
//
//   - ? [abc] [^a-z] and \ as everywhere; * and ? never fit a dot at the start of a name
//   - ** as a whole segment is any number of directories, neither hidden nor linked
//   - {a,b} is a choice, and may be nested
//
// Links are followed only as far as they stay below root. What has no name in UTF-8 is listed as it is.
func glob(ctx context.Context, root *os.Root, pattern string) ([]string, error) {
	patterns, err := expand(pattern)
	if err != nil {
		return nil, fmt.Errorf("glob %q: %w", pattern, err)
	}
	g := globber{root: root, seen: map[visit]bool{}}
	for _, p := range patterns {
		segments, err := split(p)
		if err == nil {
			err = g.walk(ctx, ".", segments)
		}
		if err != nil {
			return nil, fmt.Errorf("glob %q: %w", pattern, err)
		}
		clear(g.seen)
	}
	slices.Sort(g.found)
	return slices.Compact(g.found), nil
}

// globber collects what fits. It remembers where it has been with how many segments to go, so that a pattern full of
// ** costs no more than segments × directories.
type globber struct {
	root  *os.Root
	seen  map[visit]bool
	found []string
}

type visit struct {
	dir  string
	todo int
}

// walk finds what fits the segments below dir.
func (g *globber) walk(ctx context.Context, dir string, segments []string) error {
	here := visit{dir, len(segments)}
	if g.seen[here] || ctx.Err() != nil {
		return ctx.Err()
	}
	g.seen[here] = true
	first, rest := segments[0], segments[1:]
	if first == "**" {
		return g.deep(ctx, dir, segments, rest)
	}
	// As in Ruby a plain name is not looked up in a listing, so a directory that may be entered but not read will do.
	if !strings.ContainsAny(first, `*?[\`) {
		return g.enter(ctx, path.Join(dir, first), rest)
	}
	entries, err := g.list(dir)
	for _, e := range entries {
		if !fits(first, e.Name()) {
			continue
		}
		if err := g.enter(ctx, path.Join(dir, e.Name()), rest); err != nil {
			return err
		}
	}
	return err
}

// deep is **: the rest of the pattern here, or ** again one level down.
func (g *globber) deep(ctx context.Context, dir string, segments, rest []string) error {
	if err := g.walk(ctx, dir, rest); err != nil {
		return err
	}
	entries, err := g.list(dir)
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := g.walk(ctx, path.Join(dir, e.Name()), segments); err != nil {
			return err
		}
	}
	return err
}

// enter takes a name that fits: as a result when the pattern ends there, else as a directory to go on in.
func (g *globber) enter(ctx context.Context, name string, rest []string) error {
	if len(rest) > 0 {
		return g.walk(ctx, name, rest)
	}
	_, err := g.root.Lstat(name)
	if err == nil {
		g.found = append(g.found, name)
	}
	return ignoreMissing(err)
}

// list is empty for what is no directory; to open a named pipe would wait for somebody to write into it.
func (g *globber) list(dir string) ([]fs.DirEntry, error) {
	info, err := g.root.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, ignoreMissing(err)
	}
	f, err := g.root.Open(dir)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	return entries, ignoreMissing(err)
}

// ignoreMissing forgives what only means that a pattern fits nothing there.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return nil
	}
	return err
}

// fits reports whether name fits one segment that split found to be well formed.
func fits(segment, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(strings.TrimPrefix(segment, `\`), ".") {
		return false
	}
	ok, _ := path.Match(segment, name)
	return ok
}

// split cuts a pattern without braces into segments.
func split(pattern string) ([]string, error) {
	var segments []string
	for s := range strings.SplitSeq(pattern, "/") {
		s = strings.ReplaceAll(s, "[!", "[^") // Ruby takes both
		switch {
		case s == "" || s == "." || s == "**" && len(segments) > 0 && segments[len(segments)-1] == "**":
			continue
		case s == "..":
			return nil, errors.New("leaves the app's directory")
		case strings.ContainsRune(s, 0):
			return nil, errors.New("contains a NUL byte")
		}
		if _, err := path.Match(s, ""); err != nil {
			return nil, err
		}
		segments = append(segments, s)
	}
	if len(segments) == 0 {
		return nil, errors.New("names nothing")
	}
	if last := len(segments) - 1; segments[last] == "**" {
		segments[last] = "*" // ** goes deep only before a slash
	}
	return segments, nil
}
