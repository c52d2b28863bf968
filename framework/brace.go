package framework

import "fmt"

// expand resolves {a,b} in a glob, the leftmost first: a{b,c{d,e}} is ab, acd, ace. Braces without a partner, and those
// behind a backslash, are ordinary characters.
func expand(pattern string) ([]string, error) {
	if len(pattern) > maxGlob {
		return nil, fmt.Errorf("longer than %d bytes", maxGlob)
	}
	var done []string
	todo := []string{pattern}
	for len(todo) > 0 { // depth first, which keeps the order of the choices
		p := todo[0]
		todo = todo[1:]
		open, commas, end := choice(p)
		if end < 0 {
			done = append(done, p)
			continue
		}
		var choices []string
		start := open + 1
		for _, stop := range append(commas, end) {
			choices = append(choices, p[:open]+p[start:stop]+p[end+1:])
			start = stop + 1
		}
		todo = append(choices, todo...)
		if len(done)+len(todo) > maxExpansions {
			return nil, fmt.Errorf("its braces stand for more than %d patterns", maxExpansions)
		}
	}
	return done, nil
}

// choice finds the first pair of braces and the commas directly in it; end is -1 when there is no pair.
func choice(p string) (open int, commas []int, end int) {
	depth := 0
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '{':
			if depth == 0 {
				open, commas = i, nil
			}
			depth++
		case ',':
			if depth == 1 {
				commas = append(commas, i)
			}
		case '}':
			if depth == 1 {
				return open, commas, i
			}
			depth = max(0, depth-1)
		}
	}
	return 0, nil, -1
}
