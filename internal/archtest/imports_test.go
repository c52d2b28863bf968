package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// onlyRule: nobody but by imports what.
type onlyRule struct {
	what, by []string
	tests    bool // holds for tests too
	why      string
}

// closedRule: who imports nothing but may and its own folder.
type closedRule struct {
	who, may []string
	why      string
}

// neverRule: who does not import what, directly or through other packages of the module.
type neverRule struct {
	who, what []string
	tests     bool // holds for tests too; those only directly
	direct    bool // only directly
	why       string
}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	tr := loadModule(t)
	report(t, checkImports(tr))
}

// report fails the test for every finding.
func report(t *testing.T, findings []string) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}

// checkImports returns every import that breaks a rule.
func checkImports(tr *tree) []string {
	var found []string
	for _, p := range tr.sorted() {
		for _, f := range p.files {
			for _, im := range f.imports {
				for _, why := range broken(p.path, f.test, im.path) {
					found = append(found, fmt.Sprintf("%s:%d: %s imports %s, but %s", f.name, im.line, p.path, im.path, why))
				}
			}
		}
		found = append(found, checkThrough(tr, p)...)
	}
	return found
}

// broken returns the reasons against one import.
func broken(who string, test bool, what string) []string {
	var why []string
	if !test && (forTests(what) || matches(what, []string{"testing/..."})) {
		why = append(why, "only tests import what is for tests")
	}
	for _, r := range onlyRules {
		if matches(what, r.what) && !matches(who, r.by) && (r.tests || !test) {
			why = append(why, r.why)
		}
	}
	for _, r := range closedRules {
		if !test && matches(who, r.who) && !matches(what, r.may) && !sameFolder(who, what, r.who) {
			why = append(why, fmt.Sprintf("%s (it may import %s)", r.why, strings.Join(r.may, ", ")))
		}
	}
	for _, r := range neverRules {
		if matches(who, r.who) && matches(what, r.what) && (r.tests || !test) {
			why = append(why, r.why)
		}
	}
	return why
}

// sameFolder reports whether both are of the same pattern: a rule about ./droplet/... lets its packages import each other.
func sameFolder(who, what string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return matches(who, []string{p}) && matches(what, []string{p})
	})
}

// checkThrough returns the ways by which a package reaches, through others, what it may never import.
func checkThrough(tr *tree, p *pkg) []string {
	var found []string
	for _, r := range neverRules {
		if r.direct || forTests(p.path) || !matches(p.path, r.who) {
			continue
		}
		if way := pathTo(tr, p.path, r.what, map[string]bool{}); len(way) > 2 { // shorter is direct, and found already
			found = append(found, fmt.Sprintf("%s imports %s, but %s", p.path, strings.Join(way[1:], ", which imports "), r.why))
		}
	}
	return found
}

// pathTo returns the packages on a way from one to any that matches, through files that are not tests.
func pathTo(tr *tree, from string, what []string, seen map[string]bool) []string {
	p := tr.pkgs[from]
	if p == nil || seen[from] {
		return nil
	}
	seen[from] = true
	for _, f := range p.files {
		for _, im := range f.imports {
			if f.test {
				continue
			}
			if matches(im.path, what) {
				return []string{from, im.path}
			}
			if way := pathTo(tr, im.path, what, seen); way != nil {
				return append([]string{from}, way...)
			}
		}
	}
	return nil
}
