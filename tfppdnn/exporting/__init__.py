"""What leaves the building: SavedModels and TFLite files, compared with the Keras model.

`run_folder.export_all` writes every file of a protector; `classifier.export_classifier`
writes a classifier.
"""
