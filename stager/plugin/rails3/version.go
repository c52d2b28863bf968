package rails3

import (
	"strconv"
	"strings"

	"github.com/minicf/minicf/stager/plugin/ruby"
)

// version is the Rails of a bundle; zeros when it is not known.
type version struct{ major, minor int }

// railsVersion looks for the gem rails, or for the part of it that no Rails app does without.
func railsVersion(app *ruby.App) version {
	text := app.Version("rails")
	if text == "" {
		text = app.Version("railties")
	}
	major, rest, _ := strings.Cut(text, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	if errA != nil || errB != nil {
		return version{}
	}
	return version{a, b}
}

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}
