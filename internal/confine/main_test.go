package confine

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if _, err := Enter(os.Args); err != nil {
		os.Exit(126)
	}
	os.Exit(m.Run())
}
