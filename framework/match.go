package framework

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/minicf/minicf/protocol"
)

// maxContent is how much of a file is looked at, in bytes. In 2012 it was all of it; no rule of the period needs more
// than the first lines, and an app may hold files of gigabytes.
const maxContent = 1 << 20

// Match lists the files below dir, relative to it, that fit a rule with a pattern: those that the rule's glob names and
// whose first MiB fits its regular expression somewhere. The rules true and false serve clients and are passed over.
// The order is that of the rules, and bytewise within each; a file appears once.
//
// This is how the plugins of 2012 found an app's main file, the first of the list (vcap-staging 0.1.63). Directories
// that fit a glob are skipped, where Ruby failed with EISDIR (bug Q19). Errors name the rule: a glob or a regular
// expression that cannot be understood, or a file that cannot be read, such as a link that leaves dir.
func Match(ctx context.Context, d protocol.Detection, dir string) ([]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var all []string
	for _, rule := range d {
		if rule.Pattern == "" {
			continue
		}
		files, err := matchRule(ctx, root, rule)
		if err != nil {
			return nil, fmt.Errorf("detection: %w", err)
		}
		for _, f := range files {
			if !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	return all, nil
}

func matchRule(ctx context.Context, root *os.Root, rule protocol.DetectionRule) ([]string, error) {
	pattern, err := compileRuby(rule.Pattern)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", rule.Glob, err)
	}
	names, err := glob(ctx, root, rule.Glob)
	if err != nil {
		return nil, err
	}
	var matched []string
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ok, err := contentFits(root, name, pattern)
		if err != nil {
			return nil, err
		}
		if ok {
			matched = append(matched, name)
		}
	}
	return matched, nil
}

// contentFits reports whether name is a file whose beginning fits the pattern.
func contentFits(root *os.Root, name string, pattern *regexp.Regexp) (bool, error) {
	// Stat before opening: to open a named pipe would wait for somebody to write into it.
	info, err := root.Stat(name)
	if err != nil {
		return false, fmt.Errorf("read %q: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	content, err := readHead(root, name)
	if err != nil {
		return false, fmt.Errorf("read %q: %w", name, err)
	}
	return pattern.Match(content), nil
}

func readHead(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxContent))
}
