package ruby

import (
	"slices"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// excluded is what BUNDLE_WITHOUT in the app's environment says, or else the framework's default. The first setting counts,
// and of it what stands behind the last "=", as in 2012; "BUNDLE_WITHOUT=" leaves nothing out.
func excluded(environment []string, without string) string {
	for _, setting := range environment {
		if !strings.HasPrefix(setting, "BUNDLE_WITHOUT=") {
			continue
		}
		words := strings.Split(strings.TrimRight(setting, "="), "=")
		if len(words) == 1 {
			return ""
		}
		return words[len(words)-1]
	}
	return without
}

// wanted names the dependencies that are in a group which is not left out, for this machine, in the Gemfile's order.
func wanted(dependencies []plugin.Dependency, without string) []string {
	left := strings.Split(strings.ReplaceAll(without, " ", ""), ":")
	var names []string
	for _, d := range dependencies {
		in := slices.ContainsFunc(d.Groups, func(group string) bool { return !slices.Contains(left, group) })
		if d.Here && in && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	return names
}
