package plugin

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckName refuses what the shell or the runtime would not take for the name of a file. The texts of 2012 have names in
// the start command unquoted, so a name with a space or a $ in it would be another command.
func CheckName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return errors.New("it is not UTF-8")
	case strings.HasPrefix(name, "-"):
		return errors.New("it would be an option to the program that runs it")
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./+,:=@", r) {
			return fmt.Errorf("the startup script cannot contain %q in a file name", r)
		}
	}
	return nil
}
