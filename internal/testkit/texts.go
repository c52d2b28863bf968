package testkit

import (
	"maps"
	"slices"
)

// WithEachText returns copies of v, which is what JSON decodes into, in each of which one of the texts is another.
func WithEachText(v any, other string) (all []any) {
	switch v := v.(type) {
	case string:
		return []any{other}
	case []any:
		for i, inner := range v {
			for _, changed := range WithEachText(inner, other) {
				list := slices.Clone(v)
				list[i] = changed
				all = append(all, list)
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			for _, changed := range WithEachText(v[key], other) {
				object := maps.Clone(v)
				object[key] = changed
				all = append(all, object)
			}
		}
	}
	return all
}

// ForShells is a text that makes any shell that sees it, with whatever quotes around, run a command.
func ForShells(command string) string {
	return "X=`" + command + "`$(" + command + ")\n" + command + "\n';" + command + " #\";" + command + ";\""
}
