package config

import (
	"slices"
	"strings"
)

// suggest returns the key that was probably meant by an unknown one, empty when nothing is near. near are the keys of the
// record it stands in, all the dotted keys of the file.
func suggest(name string, near, all []string) string {
	if twin := twinOf(name); slices.Contains(near, twin) {
		return twin
	}
	best, distance := "", max(len(name)/3, 1)+1
	for _, key := range near {
		if d := editDistance(strings.ToLower(name), strings.ToLower(key)); d < distance {
			best, distance = key, d
		}
	}
	if best != "" {
		return best
	}
	for _, key := range all { // right key, wrong record
		if strings.HasSuffix(key, "."+name) || strings.HasPrefix(key, name+".") {
			return key
		}
	}
	return ""
}

// twinOf returns the name that another component has for the same thing. Whoever knows dea.yml writes `mbus` into stager.yml.
func twinOf(name string) string {
	switch name {
	case "mbus":
		return "nats_uri"
	case "nats_uri":
		return "mbus"
	case "pid":
		return "pid_filename"
	case "pid_filename":
		return "pid"
	case "host":
		return "inet"
	case "inet":
		return "host"
	}
	return ""
}

// editDistance counts the letters to insert, delete or replace, and the neighbours to swap, to get from a to b. Very long
// names are far from all.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
