// Package lockfile reads Gemfile.lock, the file in which Bundler keeps which gems a bundle is made of, and lists them in the
// order in which they are installed.
//
// In goes the file's text ([Parse]), out come its gems, each with the gems that it needs ([Lock.Order]). The format is that
// of Bundler 1.0 to 2.x: sections that begin at the left edge, with indented lines below them.
//
//	GEM
//	  remote: http://gems.example.test/
//	  specs:
//	    sinatra (1.2.3)
//	      rack (~> 1.1)
//
//	DEPENDENCIES
//	  sinatra (= 1.2.3)
//
// In 2012 a Ruby process asked Bundler itself for this list, for every staging.
package lockfile

import (
	"fmt"
	"regexp"
	"strings"
)

// Lock is a Gemfile.lock.
type Lock struct {
	Specs        []Spec
	Dependencies []string // names of the gems that the Gemfile asks for, in the file's order, which is alphabetical
	Platforms    []string // "ruby" is any
}

// Spec is a gem. One that is compiled for several platforms has a Spec for each.
type Spec struct {
	Name, Version string
	Platform      string // "x86_64-linux", "java"; "" is any
	Needs         []string
	Source        *Source
}

// Kind is the kind of a source, as its section is called.
type Kind string

// The kinds of sources. There are others, of plugins; their gems cannot be installed.
const (
	Packages Kind = "GEM"
	Git      Kind = "GIT"
	Path     Kind = "PATH"
)

// Source is where gems come from.
type Source struct {
	Kind       Kind
	Remotes    []string // URLs, or for Path a directory relative to the Gemfile's
	Revision   string   // of Git: the commit
	Submodules bool     // of Git
}

// Remote is the first of the remotes; "" if there is none.
func (s *Source) Remote() string {
	if len(s.Remotes) == 0 {
		return ""
	}
	return s.Remotes[0]
}

// A name is also a part of file names and URLs: nothing may stand in it that would lead elsewhere.
var (
	entry = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*)(?: \(([^()]*)\))?!?$`)
	exact = regexp.MustCompile(`^([0-9][0-9A-Za-z.]*)(?:-([A-Za-z0-9][A-Za-z0-9._-]*))?$`)
)

// Parse reads a lock file. The error names the line: a merge that was not finished is what it usually is.
func Parse(text []byte) (*Lock, error) {
	p := parser{lock: &Lock{}}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return p.lock, nil
}

// parser is in the middle of a file.
type parser struct {
	lock    *Lock
	section string
	source  *Source // of the section, nil when the section is none
	specs   bool    // the lines are those below "specs:"
}

func (p *parser) line(line string) error {
	text := strings.TrimLeft(line, " ")
	indent := len(line) - len(text)
	switch {
	case strings.HasPrefix(line, "<<<<<<<"), strings.HasPrefix(line, "======="), strings.HasPrefix(line, ">>>>>>>"):
		return fmt.Errorf("%.20q is left of a merge", line)
	case indent == 0:
		p.begin(text)
		return nil
	case p.source != nil && p.specs && indent >= 4:
		return p.spec(indent, text)
	case p.source != nil:
		p.attribute(text)
		return nil
	case p.section == "PLATFORMS":
		p.lock.Platforms = append(p.lock.Platforms, text)
	case p.section == "DEPENDENCIES":
		m := entry.FindStringSubmatch(text)
		if m == nil {
			return fmt.Errorf("%q is no dependency", text)
		}
		p.lock.Dependencies = append(p.lock.Dependencies, m[1])
	}
	return nil // other sections tell which Ruby and Bundler made the file
}

func (p *parser) begin(section string) {
	p.section, p.source, p.specs = section, nil, false
	switch Kind(section) {
	case Packages, Git, Path, "PLUGIN SOURCE":
		p.source = &Source{Kind: Kind(section)}
	}
}

// attribute reads a line like "remote: URL".
func (p *parser) attribute(text string) {
	key, value, _ := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch key {
	case "specs":
		p.specs = true
	case "remote":
		p.source.Remotes = append(p.source.Remotes, value)
	case "revision":
		p.source.Revision = value
	case "submodules":
		p.source.Submodules = value == "true"
	}
}

// spec reads a gem, or what the last one needs.
func (p *parser) spec(indent int, text string) error {
	m := entry.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is no gem with its version in parentheses", text)
	}
	if indent > 4 {
		if n := len(p.lock.Specs); n > 0 {
			p.lock.Specs[n-1].Needs = append(p.lock.Specs[n-1].Needs, m[1])
		}
		return nil
	}
	v := exact.FindStringSubmatch(m[2])
	if v == nil {
		return fmt.Errorf("%q is no version of %s", m[2], m[1])
	}
	platform := v[2]
	if platform == "ruby" {
		platform = ""
	}
	p.lock.Specs = append(p.lock.Specs, Spec{Name: m[1], Version: v[1], Platform: platform, Source: p.source})
	return nil
}
