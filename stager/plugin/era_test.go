package plugin

import (
	"testing"

	"github.com/minicf/minicf/protocol"
)

func TestModernRuntimesAreToldByTheirVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, version string
		want          bool
	}{
		{"ruby18", "1.8.7p357", false},
		{"ruby19", "1.9.2p180", false},
		{"ruby19", "1.9.3", false},
		{"ruby", "2.4.10", false},
		{"ruby", "2.5.0", true},
		{"ruby", "3.1.2", true},
		{"ruby", "", true},
		{"ruby19", "", false},
		{"python2", "2.6.5", false},
		{"python3", "3.11.2", true},
		{"python3", "", true},
		{"node", "0.4.12", false},
		{"node", "v20.20.2", true},
		{"node08", "0.8.2", false},
		{"node", "", false},
		{"php", "5.3", false},
		{"php", "8.2.36", true},
		{"java", "1.6.0_24", false},
		{"java7", "1.7", false},
		{"java", "1.8.0_412", false},
		{"java", "17.0.15", true},
		{"erlangR14B02", "R14B02", false},
		{"erlang", "25", true},
		{"erlang", "19.3", false},
		{"cobol", "85", false},
	} {
		r := protocol.RuntimeInfo{Name: tt.name, Version: protocol.Text(tt.version)}
		if got := Modern(r); got != tt.want {
			t.Errorf("%s %q is modern: %v, want %v", tt.name, tt.version, got, tt.want)
		}
	}
}
