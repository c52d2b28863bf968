package cf

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ignoreFile is where an app says what is not to be uploaded, in the form of a .gitignore.
const ignoreFile = ".cfignore"

// neverUploaded is what the cf command leaves out of every app.
const neverUploaded = ".cfignore\n.DS_Store\n.git\n.gitignore\n.hg\n.svn\n_darcs\nmanifest.yml\nmanifest.yaml\n"

// ignore is the lines of a .cfignore. The last one that fits a path decides; below a directory that is left out nothing can be taken in again.
type ignore []rule

// rule is one line: a pattern by parts of a path.
type rule struct {
	parts     []string // "**" stands for any number of parts
	takeIn    bool     // the line began with !
	directory bool     // it ended with /
}

// readIgnore reads the .cfignore of a directory, if there is one.
func readIgnore(dir string) (ignore, error) {
	text, err := os.ReadFile(filepath.Join(dir, ignoreFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return parseRules(neverUploaded + string(text)), nil
}

func parseRules(lines string) ignore {
	var all ignore
	for line := range strings.Lines(lines) {
		if r, ok := parseRule(line); ok {
			all = append(all, r)
		}
	}
	return all
}

// parseRule reads a line as git does; comments and empty lines are none. A pattern with a / in it begins at the top, any other fits at any depth.
func parseRule(line string) (rule, bool) {
	line = strings.TrimRight(line, " \t\r\n")
	if line == "" || line[0] == '#' {
		return rule{}, false
	}
	var r rule
	line, r.takeIn = strings.CutPrefix(line, "!")
	line = strings.TrimPrefix(line, `\`)
	line, r.directory = strings.CutSuffix(line, "/")
	anchored := strings.Contains(line, "/")
	line = strings.Trim(line, "/")
	if line == "" {
		return rule{}, false
	}
	if !anchored {
		line = "**/" + line
	}
	r.parts = strings.Split(line, "/")
	return r, true
}

// leavesOut reports whether a path is not wanted, given that the directory which it lies in is.
func (all ignore) leavesOut(name string, directory bool) bool {
	parts, out := strings.Split(name, "/"), false
	for _, r := range all {
		if (directory || !r.directory) && fits(r.parts, parts) {
			out = !r.takeIn
		}
	}
	return out
}

// fits compares a pattern with a path, part by part.
func fits(pattern, name []string) bool {
	for i, p := range pattern {
		if p == "**" {
			for skip := range len(name) - i + 1 {
				if fits(pattern[i+1:], name[i+skip:]) && (i+1 < len(pattern) || skip > 0) {
					return true
				}
			}
			return false
		}
		if i >= len(name) {
			return false
		}
		if ok, err := path.Match(p, name[i]); err != nil || !ok {
			return false
		}
	}
	return len(pattern) == len(name)
}
