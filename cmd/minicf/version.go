package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (s *session) versionCommand() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version", Args: noArgs}
	s.jsonFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		if s.json {
			return s.printJSON(map[string]string{"version": version(), "go": runtime.Version(), "platform": platformName()})
		}
		_, err := fmt.Fprintf(s.out, "minicf version %s\n", versionLine())
		return err
	}
	return c
}

// versionLine is what follows "minicf version", here and in what --version prints.
func versionLine() string {
	return fmt.Sprintf("%s %s %s", version(), runtime.Version(), platformName())
}

// version is that of the module, as the go command knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func platformName() string { return runtime.GOOS + "/" + runtime.GOARCH }
