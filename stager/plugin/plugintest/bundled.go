package plugintest

import (
	"maps"
	"strings"
)

const (
	bundlerOfT1 = "Adding bundler-1.1.3.gem to app...\n"
	bundlerOfT2 = "Adding bundler-1.2.1.gem to app...\n"
	pluginOfT1  = "app/vendor/plugins/serve_static_assets/"
	pluginOfT2  = "app/vendor/plugins/configure_assets/"
)

// bundledInT2 is what T2 made of the app of a case, all of which are of T1, beyond other words in the startup script:
// bundled Ruby apps got another Bundler, and got it first; Rails apps did without the gems for development, were looked at
// for assets to compile, and have their own plugin in another place.
func bundledInT2(c Case) Case {
	c.Files, c.Content = maps.Clone(c.Files), maps.Clone(c.Content)
	if c.StagingLog != nil {
		log := c.logOfT2()
		c.StagingLog = &log
	}
	if c.Framework != "rails3" {
		return c
	}
	c.Error = strings.Replace(c.Error, "multiple.  Please", "multiple. Please", 1)
	c.change("app/.bundle/config", func(text string) string {
		return strings.Replace(text, "BUNDLE_WITHOUT: test\n", "BUNDLE_WITHOUT: test:development\n", 1)
	})
	for name, f := range maps.Clone(c.Files) {
		if rest, ok := strings.CutPrefix(name, pluginOfT1); ok {
			delete(c.Files, name)
			c.Files[pluginOfT2+rest] = f
			if text, ok := c.Content[name]; ok {
				delete(c.Content, name)
				c.Content[pluginOfT2+rest] = text
			}
		}
	}
	return c
}

// change changes a file that a case knows the content of.
func (c Case) change(name string, by func(string) string) {
	text, ok := c.Content[name]
	if !ok {
		return
	}
	f := c.Files[name]
	c.Content[name] = by(text)
	f.SHA256 = checksum(c.Content[name])
	c.Files[name] = f
}

func (c Case) logOfT2() string {
	first, rest, _ := strings.Cut(*c.StagingLog, "\n")
	before, after, bundled := strings.Cut(rest, bundlerOfT1)
	if bundled {
		rest = bundlerOfT2 + before + after
	}
	if _, staged := c.Files["startup"]; staged && c.Framework == "rails3" {
		rest += "Skipping assets compilation, rails version does not support it\n"
	}
	return first + "\n" + rest
}
