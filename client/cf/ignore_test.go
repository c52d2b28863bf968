package cf

import "testing"

func TestIgnoreReadsLinesAsGitDoes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lines string
		path  string
		dir   bool
		out   bool
	}{
		"nothing said":                          {"", "app.js", false, false},
		"what no app needs":                     {"", ".git", true, true},
		"the manifest":                          {"", "manifest.yml", false, true},
		"a manifest of something else":          {"", "manifest.yml.erb", false, false},
		"a name at any depth":                   {"*.log\n", "a/b/x.log", false, true},
		"a name at the top":                     {"/x.log\n", "a/x.log", false, false},
		"a path begins at the top":              {"a/x\n", "b/a/x", false, false},
		"a directory is no file":                {"tmp/\n", "tmp", false, false},
		"a directory":                           {"tmp/\n", "a/tmp", true, true},
		"any number of parts":                   {"a/**/z\n", "a/b/c/z", false, true},
		"no part in between":                    {"a/**/z\n", "a/z", false, true},
		"all that is in a directory":            {"a/**\n", "a/b", false, true},
		"but not the directory itself":          {"a/**\n", "a", true, false},
		"the last line that fits decides":       {"*.log\n!keep.log\n", "keep.log", false, false},
		"a comment":                             {"# app.js\n", "app.js", false, false},
		"a name that begins like a comment":     {"\\#x\n", "#x", false, true},
		"a star does not go across directories": {"a/*\n", "a/b/c", false, false},
		"windows ends lines with more":          {"x\r\n", "x", false, true},
		"a pattern that is none":                {"[\n", "[", false, false},
	} {
		var all ignore
		for _, lines := range []string{neverUploaded, tt.lines} {
			all = append(all, parseRules(lines)...)
		}
		if got := all.leavesOut(tt.path, tt.dir); got != tt.out {
			t.Errorf("%s: %q leaves out %q: %v, want %v", name, tt.lines, tt.path, got, tt.out)
		}
	}
}
