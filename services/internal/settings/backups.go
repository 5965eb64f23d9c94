package settings

import "path/filepath"

// Backups says where backups are stored.
type Backups struct {
	BackupDir string `env:"COUPONLINK_BACKUP_DIR" name:"backup-dir" placeholder:"DIR" help:"Folder for backups taken through the API, each in its own directory. Default: backups in the database's directory."`
}

// Folder returns the folder for a database's backups.
func (b Backups) Folder(database Database) string {
	if b.BackupDir != "" {
		return b.BackupDir
	}
	return filepath.Join(database.SQLiteDir, "backups")
}
