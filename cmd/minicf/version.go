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
		version := "(devel)"
		if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
			version = info.Main.Version
		}
		platform := runtime.GOOS + "/" + runtime.GOARCH
		if s.json {
			return s.printJSON(map[string]string{"version": version, "go": runtime.Version(), "platform": platform})
		}
		_, err := fmt.Fprintf(s.out, "minicf %s %s %s\n", version, runtime.Version(), platform)
		return err
	}
	return c
}
