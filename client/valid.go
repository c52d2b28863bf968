package client

import (
	"fmt"
	"regexp"
	"strings"
)

// maxHostName is how long a host name may be, in bytes (RFC 1035).
const maxHostName = 253

var (
	hostLabel    = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// CheckID says why an app of this ID could not be reached: the ID becomes a part of host names, and of URIs.
func CheckID(id string) error {
	if id == "" {
		return fmt.Errorf("an app needs an ID")
	}
	for l := range strings.SplitSeq(id, ".") {
		if !hostLabel.MatchString(l) || len(id)+len(".localhost") > maxHostName {
			return fmt.Errorf("%q cannot be the ID of an app: it becomes a part of host names, so it is letters, digits and - inside, up to 63 of them", id)
		}
	}
	return nil
}

// CheckEnv says which of the settings "NAME=value" is none, or has a name that no shell could use.
func CheckEnv(env []string) error {
	for _, setting := range env {
		name, _, ok := strings.Cut(setting, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=value", setting)
		}
		if !variableName.MatchString(name) {
			return fmt.Errorf("%q cannot be the name of a variable: it is letters, digits and _, no digit first", name)
		}
	}
	return nil
}
