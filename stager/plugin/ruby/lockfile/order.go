package lockfile

import (
	"fmt"
	"slices"
	"strings"
)

// MissingError names a gem that is needed and of which the file does not know the version.
type MissingError struct {
	Name string
	By   string // the gem that needs it; "" is the Gemfile
}

func (e *MissingError) Error() string {
	by := "the Gemfile"
	if e.By != "" {
		by = e.By
	}
	return fmt.Sprintf("Gemfile.lock does not have the gem %s, which %s needs", e.Name, by)
}

// Order lists the gems that some of the dependencies need, for a machine of a platform, each once and behind all that it
// needs itself. As Bundler has it, rake is the first, since compiling gems may take it, and the others stand in the order
// in which they are come by from the dependencies. Bundler is no gem of a bundle.
//
// Of a gem for several platforms the machine's is taken, else the one for any. One that was locked for other platforms
// alone, as on a Windows machine, is taken without a platform. The error is a *MissingError.
func (l *Lock) Order(dependencies []string, platform string) ([]Spec, error) {
	o := order{lock: l, platform: platform, seen: map[string]bool{"bundler": true}}
	for _, name := range dependencies {
		if err := o.visit(name, ""); err != nil {
			return nil, err
		}
	}
	if i := slices.IndexFunc(o.specs, func(s Spec) bool { return s.Name == "rake" }); i > 0 {
		rake := o.specs[i]
		o.specs = slices.Insert(slices.Delete(o.specs, i, i+1), 0, rake)
	}
	return o.specs, nil
}

type order struct {
	lock     *Lock
	platform string
	seen     map[string]bool
	specs    []Spec
}

// visit adds a gem behind what it needs. Of gems that need each other the one that was come by first stands last.
func (o *order) visit(name, by string) error {
	if o.seen[name] {
		return nil
	}
	o.seen[name] = true
	spec, ok := o.lock.find(name, o.platform)
	if !ok {
		return &MissingError{Name: name, By: by}
	}
	needs := slices.Clone(spec.Needs)
	slices.Sort(needs)
	for _, n := range needs {
		if err := o.visit(n, name); err != nil {
			return err
		}
	}
	o.specs = append(o.specs, spec)
	return nil
}

// find is the gem of that name for a machine of a platform.
func (l *Lock) find(name, platform string) (Spec, bool) {
	var any, foreign *Spec
	for i, s := range l.Specs {
		switch {
		case s.Name != name:
		case s.Platform == "":
			any = &l.Specs[i]
		case samePlatform(s.Platform, platform):
			return s, true
		default:
			foreign = &l.Specs[i]
		}
	}
	if any != nil {
		return *any, true
	}
	if foreign == nil {
		return Spec{}, false
	}
	s := *foreign
	s.Platform = ""
	return s, true
}

// samePlatform compares as RubyGems does: x86_64-linux-gnu runs on x86_64-linux, which is compiled with glibc too; musl is
// another platform.
func samePlatform(a, b string) bool {
	return strings.TrimSuffix(a, "-gnu") == strings.TrimSuffix(b, "-gnu")
}

// Fits reports whether the bundle was locked for a machine of a platform too.
func (l *Lock) Fits(platform string) bool {
	return slices.ContainsFunc(l.Platforms, func(p string) bool { return p == "ruby" || samePlatform(p, platform) })
}
