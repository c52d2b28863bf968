package config

import (
	"slices"
	"testing"
)

func TestMisspeltVariableIsNotPassedOverInSilence(t *testing.T) {
	t.Parallel()
	keys := []string{"port", "nats_uri", "intervals.heartbeat"}
	for entry, want := range map[string]string{
		"MINICF_DEA_PROT=1":                "MINICF_DEA_PROT sets nothing: did you mean MINICF_DEA_PORT?",
		"MINICF_DEA_INTERVAL_HEARTBEAT=1":  "MINICF_DEA_INTERVAL_HEARTBEAT sets nothing: did you mean MINICF_DEA_INTERVALS_HEARTBEAT?",
		"MINICF_DEA_HEARTBEAT=1":           "MINICF_DEA_HEARTBEAT sets nothing: did you mean MINICF_DEA_INTERVALS_HEARTBEAT?",
		"MINICF_DEA_MBUS=1":                "MINICF_DEA_MBUS sets nothing: did you mean MINICF_DEA_NATS_URI?",
		"MINICF_DEA_WEATHER=fine":          "MINICF_DEA_WEATHER sets nothing",
		"MINICF_DEA_WEATHER=":              "",
		"MINICF_DEA_INTERVALS_HEARTBEAT=1": "",
		"MINICF_ROUTER_PROT=1":             "",
		"MINICF_HOME=/tmp":                 "",
		"PATH=/bin":                        "",
	} {
		var got string
		for _, stray := range Strays("dea", keys, []string{entry, entry}) {
			got += stray.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", entry, got, want)
		}
	}
	two := Strays("dea", keys, []string{"MINICF_DEA_Z=1", "MINICF_DEA_A=1"})
	if !slices.IsSortedFunc(two, func(a, b Stray) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) }) || len(two) != 2 {
		t.Errorf("strays = %v, want both, sorted", two)
	}
}
