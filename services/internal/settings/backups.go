package settings

import "path/filepath"

// Backups says where backups are kept.
type Backups struct {
	BackupDir string `env:"COUPONLINK_BACKUP_DIR" name:"backup-dir" placeholder:"DIR" help:"Folder that backups by the API are kept in, each in a directory of its own. Default: backups in the database's directory."`
}

// Folder returns the folder of the backups of a database in a directory.
func (b Backups) Folder(database Database) string {
	if b.BackupDir != "" {
		return b.BackupDir
	}
	return filepath.Join(database.SQLiteDir, "backups")
}
