package display

import "sync/atomic"

// Keeper learns the texts that must not be shown.
type Keeper func(secret string)

var keeper atomic.Pointer[Keeper]

// SetKeeper makes k the one that Secret tells, nil nobody, and returns the one
// before.
func SetKeeper(k Keeper) (before Keeper) {
	var installed *Keeper
	if k != nil {
		installed = &k
	}
	if old := keeper.Swap(installed); old != nil {
		return *old
	}
	return nil
}

// Secret declares a text that the notebook must not show and returns it: from now
// on it is masked in every output, error and record, also where it is quoted or
// encoded. What Password returns is declared by itself. Texts of fewer than four
// characters cannot be masked. Keep the secret itself out of the notebook: read it
// from a file or the environment.
//
//	token := display.Secret(os.Getenv("TOKEN"))
func Secret(value string) string {
	if installed := keeper.Load(); installed != nil && value != "" {
		(*installed)(value)
	}
	return value
}
