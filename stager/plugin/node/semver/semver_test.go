package semver

import "testing"

func TestRangesAreThoseOfNPM(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version, rng string
		want         bool
	}{
		{"20.20.2", "", true},
		{"20.20.2", "*", true},
		{"v20.20.2", "20", true},
		{"20.20.2", "20.x", true},
		{"20.20.2", "20.20.2", true},
		{"20.20.2", "=20.20.1", false},
		{"20.20.2", ">=18", true},
		{"20.20.2", ">= 18 < 20", false},
		{"20.20.2", ">=18 <=20", true},
		{"20.20.2", ">20", false},
		{"21.0.0", ">20", true},
		{"20.20.2", "18 || 20", true},
		{"20.20.2", "16.x||18.x", false},
		{"20.20.2", "^20.9.0", true},
		{"20.20.2", "^18", false},
		{"0.2.9", "^0.2.3", true},
		{"0.3.0", "^0.2.3", false},
		{"0.0.4", "^0.0.3", false},
		{"0.9.0", "^0.x", true},
		{"1.0.0", "^0.x", false},
		{"0.8.2", "~0.8", true},
		{"0.9.0", "~0.8.1", false},
		{"1.9.0", "~1", true},
		{"0.8.2", "~> 0.8.0", true},
		{"0.8.2", "0.4 || 0.5 || 0.6", false},
		{"0.8.2", ">= 0.2.0 < 0.9", true},
		{"20.20.2", "18 - 20", true},
		{"20.20.2", "18.0.0 - 20.1.0", false},
		{"20.20.2", ">=20.0.0-rc.1", true},
		{"20.20.2", "<*", false},
	} {
		if got, err := Satisfies(tt.version, tt.rng); got != tt.want || err != nil {
			t.Errorf("%s fits %q: %v, %v, want %v", tt.version, tt.rng, got, err, tt.want)
		}
	}
}

func TestWhatIsNoVersionOrRangeIsAnError(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"20.1.1", "latest"}, {"20.1.1", "1.2.3.4"}, {"20.1.1", "><1"}, {"20.1.1", "20 - x y"}, {"", "20"}, {"lts", "20"}, {"20.1.1", ">=-1.2"}} {
		if got, err := Satisfies(pair[0], pair[1]); err == nil {
			t.Errorf("%s fits %q: %v, want an error", pair[0], pair[1], got)
		}
	}
}
