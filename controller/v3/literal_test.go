package v3

import "testing"

func TestValuesAreWrittenSoThatTheDEALeavesThemAlone(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"plain": "plain", "it's": "it's", "": "", "$HOME": "'$HOME'", "a$b": "'a$b'",
		"'quoted'": "${MINICF_NOTHING}'quoted'", "it's $5": "it's $${MINICF_NOTHING}5", "'$A'": "${MINICF_NOTHING}'$${MINICF_NOTHING}A'",
	} {
		if got := literal(value); got != want {
			t.Errorf("%q is written %q, want %q", value, got, want)
		}
	}
}
