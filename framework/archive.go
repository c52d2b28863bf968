package framework

import (
	"context"
	"path"
)

// Archive is the file in dir that is the whole app, relative to dir: a war, or what Play's dist made. It is "" when the directory
// is the app. vmc uploaded the content of such a file in the place of the directory.
func Archive(ctx context.Context, dir string) (string, error) {
	found, err := Detect(ctx, dir)
	if err != nil {
		return "", err
	}
	for _, c := range found.Considered {
		if ext := path.Ext(c.File); c.Matched && (ext == ".war" || ext == ".zip") {
			return c.File, nil
		}
	}
	return "", nil
}
