class CreateVisits < ActiveRecord::Migration[5.0]
  def change
    create_table(:visits) { |t| t.timestamps }
  end
end
